"""Traces by OTEL_EXPORTER_OTLP_ENDPOINT: a real site, and a mock of a collector."""

import json
from base64 import b64decode

import pytest

from tests.production import Production, Service, Visitor, run_silent_server, use_closed_port

# The project's packages can decode OTLP: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
READ = """
import sys
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
print(MessageToJson(ExportTraceServiceRequest.FromString(bytes.fromhex(sys.argv[1])), indent=None))
"""


def read_traces(production: Production, service: Service) -> tuple[dict, list[dict]]:
    """Return the attributes of the resource, and all spans that the collector has received."""
    spans = []
    for received in service.received:
        assert received.path == "/v1/traces"
        output = production.project.run("python", "-c", READ, received.body.hex()).stdout
        for resource in json.loads(output)["resourceSpans"]:
            resource_attributes = read_attributes(resource["resource"])
            spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
    return resource_attributes, spans


def read_attributes(item: dict) -> dict:
    """Return the attributes of a span or a resource."""
    return {entry["key"]: next(iter(entry["value"].values())) for entry in item["attributes"]}


def parse_log(log: str) -> list[dict]:
    """Return the JSON lines of a log."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_request_is_traced(production: Production, service: Service) -> None:
    """A request sends a span with its route and status, and its trace ID is in the log.

    Spans contain no personal data; health checks send none.
    """
    endpoint = f"http://127.0.0.1:{service.port}"
    with production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, RELEASE="a-commit") as site:
        visitor = Visitor(site)
        visitor.get("/account/login/?search=personal-query", User_Agent="personal-agent")
        visitor.get("/account/reset/MQ/personal-token/")
        visitor.get("/nowhere/personal-path/")
        assert visitor.get("/readyz").status == 200
        assert site.stop() == 0
        trace_ids = {line["path"]: line["trace_id"] for line in parse_log(site.log) if "path" in line}
    resource_attributes, spans = read_traces(production, service)
    assert (resource_attributes["service.name"], resource_attributes["service.version"]) == (
        "my_site",
        "a-commit",
    )
    assert {span["kind"] for span in spans} == {"SPAN_KIND_SERVER"}
    assert "personal" not in json.dumps(spans)
    assert {read_attributes(span)["net.peer.ip"] for span in spans} == {""}
    routes = {read_attributes(span).get("http.route"): span for span in spans}
    assert routes.keys() == {"account/login/", "account/reset/<uidb64>/<token>/", None}
    span = routes["account/login/"]
    assert read_attributes(span)["http.status_code"] == "200"
    assert b64decode(span["traceId"]).hex() == trace_ids["/account/login/"]


def test_trace_of_a_proxy_is_continued(production: Production, service: Service) -> None:
    """The `traceparent` of a load balancer or another service is continued."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    with production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{service.port}") as site:
        Visitor(site).get("/", traceparent=f"00-{trace_id}-b7ad6b7169203331-01")
        assert site.stop() == 0
    _, [span] = read_traces(production, service)
    assert b64decode(span["traceId"]).hex() == trace_id


@pytest.mark.parametrize("run_collector", [use_closed_port, run_silent_server], ids=["down", "silent"])
def test_outage_of_the_collector(production: Production, run_collector) -> None:
    """If the collector is down or never responds, pages are not delayed and the site stops cleanly."""
    with (
        run_collector() as port,
        production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as site,
    ):
        for _ in range(20):
            assert Visitor(site).get("/").status == 200
        assert site.stop() == 0


def test_opentelemetry_is_not_imported_without_the_variable(production: Production) -> None:
    """Without OTEL_EXPORTER_OTLP_ENDPOINT no module of OpenTelemetry is imported."""
    script = "import sys; print('opentelemetry' in sys.modules)"
    assert production.run_python(script).strip() == "False"
    with production.serve() as site:
        Visitor(site).get("/")
        assert "trace_id" not in site.log
