"""The endpoints of /api/v1/: https://django-ninja.dev"""

from typing import Any, NoReturn, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Status
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.pagination import paginate

from apps.accounts.models import User
from apps.api.models import Token
from apps.api.schemas import Me, MeChange, Pagination, TokenOut
from apps.api.security import SessionAuth, TokenAuth, UserThrottle


class Api(NinjaAPI):
    """Names fields in errors as the client does, without the name of the Python argument."""

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        errors = []
        for context in error_contexts:
            argument = getattr(context.model, "__read_from_single_attr__", None)
            for error in super().validation_error_from_error_contexts([context]).errors:
                source, *path = error["loc"]
                errors.append(error | {"loc": [source, *path[path[:1] == [argument] :]]})
        return ValidationError(errors)


api = Api(
    title=settings.SITE_NAME,
    version="1",
    auth=[TokenAuth(), SessionAuth()],
    throttle=UserThrottle(),
    # Both are defined elsewhere: below, and in apps.api.pages.
    openapi_url=None,
    docs_url=None,
)


@api.exception_handler(Exception)
def raise_error(request: HttpRequest, error: Exception) -> NoReturn:
    """Let Django handle the error in development too, where Ninja would always return 500."""
    raise error


@api.get("/openapi.json", include_in_schema=False)
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.get_openapi_schema())


@api.get("/me", response=Me, tags=["me"])
def read_me(request: HttpRequest) -> User:
    """Return the user of the request."""
    return get_user(request)


@api.patch("/me", response=Me, tags=["me"])
def change_me(request: HttpRequest, change: MeChange) -> User:
    """Change the fields that are sent."""
    user = get_user(request)
    fields = change.dict(exclude_unset=True)
    for field, value in fields.items():
        setattr(user, field, value)
    user.save(update_fields=fields)
    return user


@api.get("/tokens", response=list[TokenOut], tags=["tokens"])
@paginate(Pagination)
def list_tokens(request: HttpRequest) -> QuerySet[Token]:
    """List the user's tokens, newest first, without their secrets."""
    return Token.objects.filter(user=get_user(request))


@api.delete("/tokens/{int:token_id}", response={204: None}, tags=["tokens"])
def revoke_token(request: HttpRequest, token_id: int) -> Status[None]:
    """Revoke one of the user's tokens, possibly the one in use."""
    get_object_or_404(Token, pk=token_id, user=get_user(request)).delete()
    return Status(204, None)


def get_user(request: HttpRequest) -> User:
    """Return the signed-in user."""
    return cast(User, request.user)
