"""Lists in parts: https://www.django-rest-framework.org/api-guide/pagination/"""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.views import APIView

MAX_LIMIT = 100
# The database shall not count through millions of rows.
MAX_OFFSET = 100_000


class Pagination(LimitOffsetPagination):
    """`?limit=20&offset=40`; the framework's own takes what is wrong for the default."""

    def get_limit(self, request: Request) -> int:
        return number(request, "limit", self.default_limit or MAX_LIMIT, 1, MAX_LIMIT)

    def get_offset(self, request: Request) -> int:
        return number(request, "offset", 0, 0, MAX_OFFSET)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "count": self.count})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = {
            "items": schema,
            "count": {"type": "integer"},
        }
        return {"type": "object", "properties": properties, "required": list(properties)}

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        limit, offset = super().get_schema_operation_parameters(view)
        limit["schema"] |= {"minimum": 1, "maximum": MAX_LIMIT, "default": self.default_limit}
        offset["schema"] |= {"minimum": 0, "maximum": MAX_OFFSET, "default": 0}
        return [limit, offset]


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a parameter of the address; raise ValidationError if it is not between the two."""
    value = request.query_params.get(name, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value[:10]) <= high):
        raise ValidationError({name: f"It takes a number from {low} to {high}."})
    return int(value)
