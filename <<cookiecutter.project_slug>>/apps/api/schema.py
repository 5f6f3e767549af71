"""OpenAPI additions: https://drf-spectacular.readthedocs.io/en/latest/customization.html"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings

# Path, path as a regular expression, method and view
type Endpoint = tuple[str, str, str, Any]


class TokenScheme(OpenApiAuthenticationExtension):
    """The scheme for requests with a token."""

    target_class = "apps.api.authentication.TokenAuthentication"
    name = "TokenAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


def filter_endpoints(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints to describe: those of this app, not of other apps."""
    prefix = spectacular_settings.SCHEMA_PATH_PREFIX
    return [each for each in endpoints if each[0].startswith(prefix)]
