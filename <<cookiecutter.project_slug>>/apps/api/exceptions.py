"""Errors: https://www.django-rest-framework.org/api-guide/exceptions/"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import APIException, ValidationError

from apps.api.errors import problem


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return what an error of the framework says; leave any other to Django."""
    match error:
        case ValidationError():
            return problem(400, "The request is not valid.", wrong_fields(error.detail))
        case APIException(status_code=401):
            return problem(401)
        case APIException():
            return problem(error.status_code, str(error.detail))
    return None


def wrong_fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield each field that is wrong, and why."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from wrong_fields(inner, f"{path}.{name}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from wrong_fields(inner, path)
    else:
        yield {"field": path, "detail": str(detail)}
