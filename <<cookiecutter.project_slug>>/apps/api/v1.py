"""What is at /api/v1/: https://django-ninja.dev"""

import json
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, NinjaAPI, Schema, Status
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.pagination import LimitOffsetPagination, paginate
from ninja.parser import Parser

from apps.accounts.models import User
from apps.api import errors
from apps.api.models import Token
from apps.api.schemas import Me, MeChange, TokenOut
from apps.api.security import SessionAuth, TokenAuth, UserThrottle


class JSONParser(Parser):
    """Ninja's own, but what is nested too deeply is the sender's fault."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            return super().parse_body(request)
        except RecursionError:
            raise HttpError(400, "The body is nested too deeply.") from None


class API(NinjaAPI):
    """Ninja's own, whose description says how errors look."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        description = super().get_openapi_schema(**options)
        errors.describe(description)
        return description

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


class Pagination(LimitOffsetPagination):
    """`?limit=20&offset=40`; the database shall not count through millions of rows."""

    class Input(Schema):
        limit: int = Field(20, ge=1, le=100)
        offset: int = Field(0, ge=0, le=100_000)


api = API(
    title=settings.SITE_NAME,
    version="1",
    auth=[TokenAuth(), SessionAuth()],
    throttle=UserThrottle(),
    parser=JSONParser(),
    # Below, for those who may use the API; the page is apps.api.pages'.
    openapi_url=None,
    docs_url=None,
)


@api.get("/openapi.json", include_in_schema=False)
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(json.dumps(api.get_openapi_schema()), content_type="application/json")


@api.get("/me", response=Me, tags=["me"])
def read_me(request: HttpRequest) -> User:
    """Say who asks."""
    return user_of(request)


@api.patch("/me", response=Me, tags=["me"])
def change_me(request: HttpRequest, change: MeChange) -> User:
    """Change what is given."""
    user = user_of(request)
    given = change.dict(exclude_unset=True)
    for field, value in given.items():
        setattr(user, field, value)
    user.save(update_fields=given)
    return user


@api.get("/tokens", response=list[TokenOut], tags=["tokens"])
@paginate(Pagination)
def list_tokens(request: HttpRequest) -> QuerySet[Token]:
    """List one's own tokens, the newest first; never their secrets."""
    return Token.objects.filter(user=user_of(request))


@api.delete("/tokens/{int:token_id}", response={204: None}, tags=["tokens"])
def revoke_token(request: HttpRequest, token_id: int) -> Status[None]:
    """Revoke one of one's own tokens, such as this one."""
    get_object_or_404(Token, pk=token_id, user=user_of(request)).delete()
    return Status(204, None)


def user_of(request: HttpRequest) -> User:
    """Return who asks; nobody else gets here."""
    return cast(User, request.user)


# --- Errors -------------------------------------------------------------------------------


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    # What the status says already is not said twice.
    detail = error.message if error.status_code != 401 else ""
    return errors.problem(error.status_code, detail)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "detail": each["msg"]}
        for each in error.errors
    ]
    return errors.problem(400, "The request is not valid.", wrong)


@api.exception_handler(Exception)
def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """Leave it to Django, in development too."""
    raise error
