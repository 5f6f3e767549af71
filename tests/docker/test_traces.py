"""Traces of the production image with PostgreSQL, and a mock of a collector."""

import json

from tests.docker import engine
from tests.docker.engine import Container, Network
from tests.production import wait_until

# The image's packages can decode OTLP.
COLLECTOR = """
from http.server import BaseHTTPRequestHandler, HTTPServer
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(MessageToJson(ExportTraceServiceRequest.FromString(body), indent=None), flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("", 4318), Collector)
print("listening", flush=True)
server.serve_forever()
"""


def test_queries_are_part_of_a_trace(network: Network, database: Container, production: str) -> None:
    """Queries are part of a request's trace, without their parameters; health checks are not traced."""
    collector = network.run(production, "python", "-c", COLLECTOR, options=("--network-alias", "collector"))
    wait_until(lambda: "listening" in collector.logs(), 30)
    site = network.start_site(
        production, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318"
    ).wait_until_ready()
    engine.log_in(site)
    assert site.get_status("/readyz") == 200
    assert site.stop() == 0
    spans = parse_spans(collector.logs())
    requests = {span["spanId"] for span in spans if span["kind"] == "SPAN_KIND_SERVER"}
    queries = [span for span in spans if span["kind"] == "SPAN_KIND_CLIENT"]
    assert len(requests) >= 2
    assert queries
    assert {span.get("parentSpanId") for span in queries} <= requests
    assert "SELECT" in json.dumps(queries)
    assert not [secret for secret in ("admin@example.org", "correct-horse") if secret in json.dumps(spans)]


def parse_spans(log: str) -> list[dict]:
    """Return the spans in the collector's log."""
    messages = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [
        span
        for message in messages
        for resource in message["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
