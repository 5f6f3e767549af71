import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.accounts import limits

logger = logging.getLogger("site.limits")


class LimitsMiddleware:
    """Returns 429 when a limit is exceeded, and remembers the browser of a user who signs in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if account := getattr(request, "proven_account", ""):
            limits.remember_device(response, account)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page if a limit is exceeded; Django handles any other error."""
        if not isinstance(error, limits.TooManyAttemptsError):
            return None
        logger.warning("Too many attempts (%s)", error)
        minutes = -(-error.seconds // 60)
        response = render(request, "429.html", {"minutes": minutes}, status=429)
        response["Retry-After"] = str(error.seconds)
        return response
