"""Traces of the production image, whose queries go to a real PostgreSQL, and a collector next to it."""

import json

from tests.docker import engine
from tests.docker.engine import Container, Network
from tests.production import wait_until

# The image itself has what reads OTLP.
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


def test_queries_are_part_of_a_requests_trace(network: Network, database: Container, production: str) -> None:
    """Each worker sends its requests' traces with their queries, without values; health checks send none."""
    collector = network.run(production, "python", "-c", COLLECTOR, options=("--network-alias", "collector"))
    wait_until(lambda: "listening" in collector.logs(), 30)
    site = network.site(production, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318").ready()
    engine.log_in(site)
    assert site.status("/readyz") == 200
    assert site.stop() == 0
    spans = spans_in(collector.logs())
    requests = {span["spanId"] for span in spans if span["kind"] == "SPAN_KIND_SERVER"}
    queries = [span for span in spans if span["kind"] == "SPAN_KIND_CLIENT"]
    assert len(requests) >= 2
    assert queries
    assert {span.get("parentSpanId") for span in queries} <= requests
    assert "SELECT" in json.dumps(queries)
    assert not [secret for secret in ("admin@example.org", "correct-horse") if secret in json.dumps(spans)]


def spans_in(log: str) -> list[dict]:
    """Return the spans that the collector has printed."""
    messages = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [
        span
        for message in messages
        for resource in message["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
