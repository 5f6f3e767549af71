"""Sends traces with OpenTelemetry; imported only if OTEL_EXPORTER_OTLP_ENDPOINT is set.

The site is instrumented once, in the process from which gunicorn's workers are forked; each
worker then sends its own traces, since the sending thread does not survive a fork.
https://opentelemetry-python.readthedocs.io/en/latest/examples/fork-process-model/README.html
"""

from threading import Thread

from django.conf import settings
from django.http import HttpRequest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, format_trace_id

from config.logs import trace_id

# How long a stop waits for the last traces to be sent.
STOP_SECONDS = 2

# A path can contain the token of a password reset, and the rest is personal data; the route
# identifies the view. https://opentelemetry.io/docs/specs/semconv/registry/attributes/
PERSONAL_ATTRIBUTES = {
    *("http.target", "http.url", "http.user_agent", "net.peer.ip", "net.peer.port"),
    *("client.address", "client.port", "url.full", "url.path", "url.query", "user_agent.original"),
    *("network.peer.address", "network.peer.port"),
}


class RequestSpanProcessor(BatchSpanProcessor):
    """Sends the spans of requests, but not those of the health checks' queries, which have no trace."""

    def on_end(self, span: ReadableSpan) -> None:
        if span.parent or span.kind is SpanKind.SERVER:
            super().on_end(span)


def instrument() -> None:
    """Instrument Django and psycopg; call this before the site is loaded.

    The middleware comes after the health checks, which it must not trace, and after the log,
    so that a request for a wrong host is still logged.
    """
    position = settings.MIDDLEWARE.index("django.middleware.csp.ContentSecurityPolicyMiddleware")
    DjangoInstrumentor().instrument(middleware_position=position, request_hook=prepare_span)
    PsycopgInstrumentor().instrument()


def prepare_span(span: Span, _request: HttpRequest) -> None:
    """Add the trace ID to the log, and remove personal data from the span."""
    trace_id.set(format_trace_id(span.get_span_context().trace_id))
    for name in PERSONAL_ATTRIBUTES & set(getattr(span, "attributes", None) or {}):
        span.set_attribute(name, "")


def export() -> None:
    """Send traces from this process, in a separate thread; no page waits for the collector."""
    attributes = {"service.name": settings.OTEL_SERVICE_NAME, "service.version": settings.RELEASE}
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{settings.OTEL_ENDPOINT.rstrip('/')}/v1/traces")
    provider.add_span_processor(RequestSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def stop() -> None:
    """Send the remaining traces within STOP_SECONDS, even if the collector is down."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        thread = Thread(target=provider.shutdown, daemon=True)
        thread.start()
        thread.join(STOP_SECONDS)
