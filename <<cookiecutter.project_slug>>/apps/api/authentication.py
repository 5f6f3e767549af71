"""Authentication by token: https://www.django-rest-framework.org/api-guide/authentication/"""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.models import User
from apps.api.limits import count_request
from apps.api.models import Token


class TokenAuthentication(BaseAuthentication):
    """Accepts `Authorization: Bearer …`; such a request is not authenticated by its session."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        user = Token.objects.find_user(token.decode("latin-1"))
        if not user:
            count_request(request, None)
            raise AuthenticationFailed
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
