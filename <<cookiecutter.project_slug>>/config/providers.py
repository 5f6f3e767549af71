"""Configures sign-in with Google, GitHub and one OpenID Connect server."""

from typing import Any


def providers(env: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return django-allauth's setting for the providers that the environment configures.

    https://docs.allauth.org/en/latest/socialaccount/provider_configuration.html
    """
    result: dict[str, dict[str, Any]] = {}
    if env["GOOGLE_CLIENT_ID"]:
        app = {"client_id": env["GOOGLE_CLIENT_ID"], "secret": env["GOOGLE_CLIENT_SECRET"]}
        result["google"] = {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
    if env["GITHUB_CLIENT_ID"]:
        app = {"client_id": env["GITHUB_CLIENT_ID"], "secret": env["GITHUB_CLIENT_SECRET"]}
        result["github"] = {"APPS": [app], "OAUTH_PKCE_ENABLED": True, "SCOPE": ["user:email"]}
    if env["OIDC_SERVER_URL"]:
        server = {
            "provider_id": "oidc",
            "name": env["OIDC_NAME"],
            "client_id": env["OIDC_CLIENT_ID"],
            "secret": env["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": env["OIDC_SERVER_URL"]},
        }
        result["openid_connect"] = {"APPS": [server], "OAUTH_PKCE_ENABLED": True}
    return result
