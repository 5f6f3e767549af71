"""Traces by OTEL_EXPORTER_OTLP_ENDPOINT: a real site, and a collector that reads what it is sent."""

import json
from base64 import b64decode

import pytest

from tests.production import Production, Service, Visitor, run_silent_server, use_closed_port

# The project has what reads OTLP: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
READ = """
import sys
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
print(MessageToJson(ExportTraceServiceRequest.FromString(bytes.fromhex(sys.argv[1])), indent=None))
"""


def traces(production: Production, service: Service) -> tuple[dict, list[dict]]:
    """Return what the collector knows of the service, and all spans that it got."""
    spans = []
    for received in service.received:
        assert received.path == "/v1/traces"
        output = production.project.run("python", "-c", READ, received.body.hex()).stdout
        for resource in json.loads(output)["resourceSpans"]:
            about = attributes(resource["resource"])
            spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
    return about, spans


def attributes(item: dict) -> dict:
    """Return the attributes of a span or a resource."""
    return {entry["key"]: next(iter(entry["value"].values())) for entry in item["attributes"]}


def lines(log: str) -> list[dict]:
    """Return the lines of a log that are JSON."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_a_request_is_traced(production: Production, service: Service) -> None:
    """A worker sends a span for a request, with its route and status; the log has the trace's id.

    Health checks make none, and no address, path or query of the visitor's is in it.
    """
    endpoint = f"http://127.0.0.1:{service.port}"
    with production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, RELEASE="a-commit") as site:
        visitor = Visitor(site)
        visitor.get("/account/login/?search=personal-query", User_Agent="personal-agent")
        visitor.get("/account/reset/MQ/personal-token/")
        visitor.get("/nowhere/personal-path/")
        assert visitor.get("/readyz").status == 200
        assert site.stop() == 0
        logged = {line["path"]: line["trace_id"] for line in lines(site.log) if "path" in line}
    about, spans = traces(production, service)
    assert (about["service.name"], about["service.version"]) == ("my_site", "a-commit")
    assert {span["kind"] for span in spans} == {"SPAN_KIND_SERVER"}
    assert "personal" not in json.dumps(spans)
    assert {attributes(span)["net.peer.ip"] for span in spans} == {""}
    routes = {attributes(span).get("http.route"): span for span in spans}
    assert routes.keys() == {"account/login/", "account/reset/<uidb64>/<token>/", None}
    span = routes["account/login/"]
    assert attributes(span)["http.status_code"] == "200"
    assert b64decode(span["traceId"]).hex() == logged["/account/login/"]


def test_a_trace_of_a_proxy_is_continued(production: Production, service: Service) -> None:
    """A `traceparent` of a load balancer or another service is continued."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    with production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{service.port}") as site:
        Visitor(site).get("/", traceparent=f"00-{trace}-b7ad6b7169203331-01")
        assert site.stop() == 0
    _, [span] = traces(production, service)
    assert b64decode(span["traceId"]).hex() == trace


@pytest.mark.parametrize("service_at", [use_closed_port, run_silent_server], ids=["gone", "silent"])
def test_an_outage_of_the_collector_does_not_affect_pages(production: Production, service_at) -> None:
    """With a collector that is gone, or never answers, each page comes at once and the stop is clean."""
    with (
        service_at() as port,
        production.serve(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as site,
    ):
        for _ in range(20):
            assert Visitor(site).get("/").status == 200
        assert site.stop() == 0


def test_nothing_is_imported_without_the_variable(production: Production) -> None:
    """Without OTEL_EXPORTER_OTLP_ENDPOINT nothing of OpenTelemetry is imported, and the log is as ever."""
    script = "import sys; print('opentelemetry' in sys.modules)"
    assert production.run_python(script).strip() == "False"
    with production.serve() as site:
        Visitor(site).get("/")
        assert "trace_id" not in site.log
