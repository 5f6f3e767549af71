"""The endpoints of /api/v1/: https://www.django-rest-framework.org"""

from typing import cast

from django.db.models import QuerySet
from rest_framework import generics

from apps.accounts.models import User
from apps.api import schema  # noqa: F401 - registers how a token is described
from apps.api.models import Token
from apps.api.serializers import MeSerializer, TokenSerializer


class MeView(generics.RetrieveUpdateAPIView[User]):
    """The user of the request."""

    serializer_class = MeSerializer
    http_method_names = ["get", "patch"]

    def get_object(self) -> User:
        return cast(User, self.request.user)


class OwnTokens(generics.GenericAPIView[Token]):
    """The user's tokens."""

    serializer_class = TokenSerializer
    queryset = Token.objects.all()

    def get_queryset(self) -> QuerySet[Token]:
        return super().get_queryset().filter(user=self.request.user.pk)


class TokensView(OwnTokens, generics.ListAPIView[Token]):
    """The user's tokens, newest first, without their secrets."""


class TokenView(OwnTokens, generics.DestroyAPIView[Token]):
    """One of the user's tokens; deleting it revokes it."""
