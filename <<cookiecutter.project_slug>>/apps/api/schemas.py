"""Request and response bodies: https://django-ninja.dev/guides/response/"""

from datetime import datetime
from typing import Annotated

from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination
from pydantic import ConfigDict, StringConstraints

# PostgreSQL cannot store a NUL character in a text.
Name = Annotated[
    str, StringConstraints(max_length=150, strip_whitespace=True, pattern=r"^[^\x00]*$")
]


class Pagination(LimitOffsetPagination):
    """`?limit=20&offset=40`, up to an offset that the database can still skip quickly."""

    class Input(Schema):
        limit: int = Field(20, ge=1, le=100)
        offset: int = Field(0, ge=0, le=100_000)


class Me(Schema):
    id: int
    email: str
    name: str


class MeChange(Schema):
    # Otherwise, a body that is not an object is treated as an empty one.
    model_config = ConfigDict(extra="forbid")

    name: Name = ""


class TokenOut(Schema):
    id: int
    name: str
    created: datetime
    last_used: datetime | None
    expires: datetime
