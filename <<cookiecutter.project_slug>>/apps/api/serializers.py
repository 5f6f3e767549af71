"""What goes in and out: https://www.django-rest-framework.org/api-guide/serializers/"""

from typing import Any

from django.db.models import Model
from rest_framework import serializers

from apps.accounts.models import User
from apps.api.models import Token


class StrictSerializer[T: Model](serializers.ModelSerializer[T]):
    """Refuses what nobody can change, instead of saying that all is well."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = self.initial_data.keys() - attrs.keys()
        if unknown:
            raise serializers.ValidationError(
                dict.fromkeys(sorted(unknown), "It cannot be changed here.")
            )
        return attrs


class MeSerializer(StrictSerializer[User]):
    """A person, as they see themselves."""

    class Meta:
        model = User
        fields = ["id", "email", "name"]
        read_only_fields = ["email"]


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token, without its secret."""

    class Meta:
        model = Token
        fields = read_only_fields = ["id", "name", "created", "last_used", "expires"]
