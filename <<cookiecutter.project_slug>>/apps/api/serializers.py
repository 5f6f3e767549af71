"""Request and response bodies: https://www.django-rest-framework.org/api-guide/serializers/"""

from rest_framework import serializers

from apps.accounts.models import User
from apps.api.models import Token


class MeSerializer(serializers.ModelSerializer[User]):
    """The user of the request."""

    class Meta:
        model = User
        fields = ["id", "email", "name"]
        read_only_fields = ["email"]


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token, without its secret."""

    class Meta:
        model = Token
        fields = read_only_fields = ["id", "name", "created", "last_used", "expires"]
