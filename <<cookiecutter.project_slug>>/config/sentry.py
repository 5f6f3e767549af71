"""Sends errors to Sentry; config/settings.py imports this only if SENTRY_DSN is set.

https://docs.sentry.io/platforms/python/integrations/django/
"""

import logging

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Event, Hint

from config.logs import request_id


def start(dsn: str, environment: str, release: str) -> None:
    """Start sending uncaught exceptions and logged errors.

    A thread sends them, so no page waits for Sentry; stopping takes two seconds longer at most.
    """
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        # An explicit list: other integrations send the command line, change outgoing requests, or
        # are enabled by a package. The log is not sent; find its lines by the request ID.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(),
            DedupeIntegration(),
            DjangoIntegration(),
            ExcepthookIntegration(),
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ThreadingIntegration(),
        ],
        auto_session_tracking=False,
        # Forms and variables contain passwords and personal data.
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=remove_personal_data,
    )
    # A bad request, such as one with a forged host, is logged but is not an error of the site.
    ignore_logger("django.security.*")


def remove_personal_data(event: Event, _hint: Hint) -> Event:
    """Return the event with only the method and ID of the request.

    Headers, IP address and query are personal data; a path can contain the token of a password
    reset. The event's `transaction` is the path's pattern.
    """
    if "request" in event:
        event["request"] = {"method": event["request"].get("method")}
    event.pop("user", None)
    event.setdefault("tags", {})["request_id"] = request_id.get()
    return event
