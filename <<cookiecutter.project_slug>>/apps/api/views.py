"""What is at /api/v1/: https://www.django-rest-framework.org"""

from typing import cast

from django.db.models import QuerySet
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.api import schema  # noqa: F401 - registers how a token is described
from apps.api.models import Token
from apps.api.serializers import MeSerializer, TokenSerializer


class DescriptionView(APIView):
    """The OpenAPI description, for those who may use the API; the page is apps.api.pages'."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(SchemaGenerator().get_schema(request=request, public=True))


class MeView(generics.RetrieveUpdateAPIView[User]):
    serializer_class = MeSerializer
    http_method_names = ["get", "patch"]

    def get_object(self) -> User:
        return cast(User, self.request.user)

    @extend_schema(operation_id="read_me", tags=["me"])
    def get(self, request: Request) -> Response:
        """Say who asks."""
        return self.retrieve(request)

    @extend_schema(operation_id="change_me", tags=["me"])
    def patch(self, request: Request) -> Response:
        """Change what is given."""
        return self.partial_update(request)


class OwnTokens(generics.GenericAPIView[Token]):
    """One's own tokens."""

    serializer_class = TokenSerializer
    queryset = Token.objects.all()

    def get_queryset(self) -> QuerySet[Token]:
        return super().get_queryset().filter(user=self.request.user.pk)


class TokensView(OwnTokens, generics.ListAPIView[Token]):
    @extend_schema(operation_id="list_tokens", tags=["tokens"])
    def get(self, request: Request) -> Response:
        """List one's own tokens, the newest first; never their secrets."""
        return self.list(request)


class TokenView(OwnTokens, generics.DestroyAPIView[Token]):
    @extend_schema(operation_id="revoke_token", tags=["tokens"])
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke one of one's own tokens, such as this one."""
        return self.destroy(request)
