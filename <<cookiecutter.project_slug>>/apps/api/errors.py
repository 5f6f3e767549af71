"""Errors as RFC 9457 has them: https://www.rfc-editor.org/rfc/rfc9457"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse

CONTENT_TYPE = "application/problem+json"


def content(status: int, detail: str = "", errors: Iterable[dict[str, str]] = ()) -> dict[str, Any]:
    """Return a problem: what the status says, what is to be known besides, and each wrong field."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }


def problem(status: int, detail: str = "", errors: Iterable[dict[str, str]] = ()) -> HttpResponse:
    """Return an answer that says what is wrong."""
    return JsonResponse(content(status, detail, errors), status=status, content_type=CONTENT_TYPE)


def turn_into_problem(response: HttpResponse) -> None:
    """Put a problem in the place of what an answer says; its other headers stay."""
    response.content = problem(response.status_code).content
    response["Content-Type"] = CONTENT_TYPE
    if "Content-Length" in response:
        response["Content-Length"] = str(len(response.content))


def describe(description: dict[str, Any]) -> None:
    """Add to an OpenAPI description that each operation may answer with a problem."""
    text = {"type": "string"}
    wrong = {"type": "object", "properties": {"field": text, "detail": text}}
    wrong["required"] = list(wrong["properties"])
    properties = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "errors": {"type": "array", "items": wrong},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    description["components"].setdefault("schemas", {})["Problem"] = schema
    answer = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for operations in description["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = {
                "description": "What is wrong",
                "content": {CONTENT_TYPE: answer},
            }
