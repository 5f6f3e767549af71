"""Authentication and rate limits: https://django-ninja.dev/guides/authentication/"""

from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer
from ninja.security import SessionAuth as NinjaSessionAuth
from ninja.throttling import BaseThrottle

from apps.accounts.models import User
from apps.api.limits import count_request
from apps.api.models import Token


class TokenAuth(HttpBearer):
    """Accepts `Authorization: Bearer …`; a request with a token is not authenticated by its session."""

    def authenticate(self, request: HttpRequest, token: str) -> User:
        user = Token.objects.find_user(token)
        if not user:
            count_request(request, None)
            raise AuthenticationError
        request.user = user
        return user


class SessionAuth(NinjaSessionAuth):
    """Checks the CSRF token of signed-in users; a client without a token gets 401."""

    def __call__(self, request: HttpRequest) -> User | None:
        return super().__call__(request) if request.user.is_authenticated else None


class UserThrottle(BaseThrottle):
    """Counts in the database; apps.accounts.middleware returns the 429."""

    def allow_request(self, request: HttpRequest) -> bool:
        count_request(request, request.user)
        return True
