"""Logging of the site and gunicorn: one line per event on standard output, as JSON or as text."""

from contextvars import ContextVar
from logging import Filter, LogRecord
from typing import Any

# Set by apps.core.middleware for the duration of a request.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
# Set by config.tracing, where requests are traced.
trace_id: ContextVar[str] = ContextVar("trace_id", default="")


class AddRequestId(Filter):
    """Adds the request ID to each record, and the trace ID if there is one."""

    def filter(self, record: LogRecord) -> bool:
        record.request_id = request_id.get()
        if trace := trace_id.get():
            record.trace_id = trace
        return True


def logging_config(level: str, style: str) -> dict[str, Any]:
    """Return a configuration for logging.config.dictConfig; `style` is "json" or "text".

    https://docs.djangoproject.com/en/6.1/topics/logging/
    """
    level, style = level.upper(), style.lower()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": AddRequestId}},
        "formatters": {
            "text": {"format": "{levelname} {name} [{request_id}] {message}", "style": "{"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{levelname}{name}{message}{request_id}",
                "style": "{",
                "timestamp": "time",
                "rename_fields": {"levelname": "level", "name": "logger"},
            },
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": style,
                "filters": ["request_id"],
            },
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # Django's own handlers would print each line a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            # The development server's own line for each request; apps.core.middleware logs one already.
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # The server drops the body of a response to HEAD, as Django expects; no need to warn.
            "gunicorn.http.wsgi": {"handlers": [], "level": "ERROR", "propagate": True},
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
        },
    }
