"""What the OpenAPI description says besides: https://drf-spectacular.readthedocs.io/en/latest/customization.html"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from apps.api import errors


class TokenScheme(OpenApiAuthenticationExtension):
    """A program sends a token."""

    target_class = "apps.api.authentication.TokenAuthentication"
    name = "TokenAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


def describe(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """Say how errors look, and that StrictSerializer takes nothing that is not named."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
    errors.describe(result)
    return result
