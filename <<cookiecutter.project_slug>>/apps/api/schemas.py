"""Request and response bodies: https://django-ninja.dev/guides/response/"""

from datetime import datetime
from typing import Annotated

from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination
from pydantic import ConfigDict, StringConstraints

# PostgreSQL keeps no text with a NUL in it.
Name = Annotated[
    str, StringConstraints(max_length=150, strip_whitespace=True, pattern=r"^[^\x00]*$")
]


class Pagination(LimitOffsetPagination):
    """`?limit=20&offset=40`; the database shall not count through millions of rows."""

    class Input(Schema):
        limit: int = Field(20, ge=1, le=100)
        offset: int = Field(0, ge=0, le=100_000)


class Me(Schema):
    id: int
    email: str
    name: str


class MeChange(Schema):
    # Else a body that is no object is taken for an empty one.
    model_config = ConfigDict(extra="forbid")

    name: Name = ""


class TokenOut(Schema):
    id: int
    name: str
    created: datetime
    last_used: datetime | None
    expires: datetime
