"""Signing in with other providers, which environment variables enable."""

import importlib
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount import providers as allauth_providers
from allauth.socialaccount.models import SocialAccount
from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD, make_user
from config import environment, providers, urls
from django.apps import AppConfig, apps
from django.core import mail
from django.test import Client
from django.urls import clear_url_caches, reverse
from pytest_django import Settings

from tests.inside.conftest import IS_SIGN_UP_PUBLIC, set_environment
from tests.inside.test_configuration import find_problems

pytestmark = pytest.mark.django_db

GOOGLE = {"GOOGLE_CLIENT_ID": "id-at-google", "GOOGLE_CLIENT_SECRET": "secret-1"}
GITHUB = {"GITHUB_CLIENT_ID": "id-at-github", "GITHUB_CLIENT_SECRET": "secret-2"}
OIDC = {"OIDC_CLIENT_ID": "id-of-ours", "OIDC_CLIENT_SECRET": "secret-3", "OIDC_NAME": "Our own"}


class Provider(BaseHTTPRequestHandler):
    """An OpenID Connect provider at which one user is always signed in."""

    claims: dict[str, Any] = {}

    def log_message(self, *_: Any) -> None:
        pass

    def send_json(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        url = f"http://{self.headers['Host']}"
        if self.path.endswith("/.well-known/openid-configuration"):
            names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            endpoints = {f"{name}_endpoint": f"{url}/{path}" for name, path in names.items()}
            self.send_json({"issuer": url, "jwks_uri": f"{url}/jwks", **endpoints})
        else:
            self.send_json(self.claims)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_json({"access_token": "token", "token_type": "Bearer"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of an OpenID Connect provider."""
    monkeypatch.setattr(Provider, "claims", {"sub": "7", "email": "new@example.org"})
    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=http_server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http_server.server_address[1]}"
    http_server.shutdown()
    http_server.server_close()


@pytest.fixture
def enable_providers(settings: Settings) -> Iterator[Any]:
    """Return a function that enables the providers of these variables in the running site."""
    monkeypatch = pytest.MonkeyPatch()

    def enable(**variables: str) -> None:
        with set_environment(**variables):
            provider_settings = providers.providers(environment.read())
        settings.SOCIALACCOUNT_PROVIDERS = provider_settings
        # Not by INSTALLED_APPS, which would initialize all apps again.
        for name in provider_settings:
            app = AppConfig.create(f"allauth.socialaccount.providers.{name}")
            app.apps = apps
            app.import_models()
            monkeypatch.setitem(apps.app_configs, app.label, app)
        load()

    def load() -> None:
        allauth_providers.registry.loaded = False
        allauth_providers.registry.provider_map.clear()
        for module in ("allauth.urls", "apps.authentication.urls"):
            importlib.reload(importlib.import_module(module))
        importlib.reload(urls)
        clear_url_caches()

    yield enable
    monkeypatch.undo()
    load()


def start_sign_in(client: Client, name: str) -> dict[str, str]:
    """Start to sign in with a provider; return the parameters of the redirect, and its bare URL."""
    page = client.get(f"/account/{name}/login/")
    assert page.status_code == 200
    page = client.post(f"/account/{name}/login/")
    assert page.status_code == 200
    link = re.search(r'http-equiv="refresh"\s+content="0;url=([^"]+)"', page.text)
    assert link
    parts = urlsplit(link[1].replace("&amp;", "&"))
    parameters = {key: value for key, [value] in parse_qs(parts.query).items()}
    return {"url": f"{parts.scheme}://{parts.netloc}{parts.path}", **parameters}


def test_no_provider_without_variables(client: Client) -> None:
    """A sign-in provider is offered only if its variables are set."""
    page = client.get(reverse("login"))
    assert "/login/?process=" not in page.text
    assert client.get("/account/google/login/").status_code == 404


def test_providers_with_variables(client: Client, enable_providers: Any) -> None:
    """Google and GitHub are offered if their variables are set, with PKCE and state."""
    enable_providers(**GOOGLE, **GITHUB)
    page = client.get(reverse("login"))
    for name, url in (
        ("google", "https://accounts.google.com/"),
        ("github", "https://github.com/login/oauth/authorize"),
    ):
        assert f"/account/{name}/login/?process=login" in page.text
        parameters = start_sign_in(client, name)
        assert parameters["url"].startswith(url)
        assert parameters["client_id"] == f"id-at-{name}"
        assert parameters["redirect_uri"] == f"http://testserver/account/{name}/login/callback/"
        assert parameters["code_challenge_method"] == "S256"
        assert parameters["state"]


def test_csp_allows_no_provider(client: Client, enable_providers: Any) -> None:
    """With a provider the Content Security Policy stays strict."""
    enable_providers(**GOOGLE)
    policy = client.post("/account/google/login/")["Content-Security-Policy"]
    assert "form-action 'self';" in policy
    assert "google" not in policy


def sign_in_with_oidc(client: Client) -> Any:
    """Sign in with the provider, and return the response to its callback."""
    parameters = start_sign_in(client, "oidc/oidc")
    return client.get(parameters["redirect_uri"], {"code": "1", "state": parameters["state"]})


PUBLIC_SIGN_UP = pytest.mark.skipif(not IS_SIGN_UP_PUBLIC, reason="staff create the accounts")
STAFF_SIGN_UP = pytest.mark.skipif(IS_SIGN_UP_PUBLIC, reason="anyone can sign up")


@PUBLIC_SIGN_UP
def test_sign_up_with_openid_connect(client: Client, enable_providers: Any, server: str) -> None:
    """A visitor can sign up with OpenID Connect."""
    enable_providers(OIDC_SERVER_URL=server, **OIDC)
    assert "Our own" in client.get(reverse("login")).text
    Provider.claims["email_verified"] = True
    assert sign_in_with_oidc(client)["Location"] == reverse("core:home")
    user = User.objects.get(email="new@example.org")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not user.has_usable_password()
    assert SocialAccount.objects.get(user=user).uid == "7"


@PUBLIC_SIGN_UP
def test_unverified_email_address_is_verified_by_mail(
    client: Client, enable_providers: Any, server: str
) -> None:
    """An email address that the provider has not verified must be verified by mail."""
    enable_providers(OIDC_SERVER_URL=server, **OIDC)
    assert sign_in_with_oidc(client)["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session


@STAFF_SIGN_UP
def test_provider_creates_no_account_without_public_sign_up(
    client: Client, enable_providers: Any, server: str
) -> None:
    """If staff create the accounts, signing in with a provider does not create one."""
    enable_providers(OIDC_SERVER_URL=server, **OIDC)
    Provider.claims["email_verified"] = True
    assert sign_in_with_oidc(client).status_code == 200
    assert not User.objects.exists()


def test_account_cannot_be_taken_over(client: Client, enable_providers: Any, server: str) -> None:
    """An account cannot be taken over by its email address; only its owner can connect a provider."""
    user = make_user("new@example.org")
    enable_providers(OIDC_SERVER_URL=server, **OIDC)
    Provider.claims["email_verified"] = True
    assert sign_in_with_oidc(client)["Location"] == reverse("login")
    assert "already has an account" in client.get(reverse("login")).text
    assert "_auth_user_id" not in client.session
    client = Client()
    client.post(reverse("login"), {"login": user.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.post("/account/oidc/oidc/login/?process=connect")
    state = re.search(r"state=(\w+)", page.text)
    assert state
    client.get("/account/oidc/oidc/login/callback/", {"code": "1", "state": state[1]})
    client.post(reverse("logout"))
    assert sign_in_with_oidc(client)["Location"] == reverse("core:home")
    assert client.session["_auth_user_id"] == str(user.pk)


@PUBLIC_SIGN_UP
def test_owner_of_an_existing_account_is_mailed(client: Client, enable_providers: Any, server: str) -> None:
    """For an unverified email address that has an account, only a mail to it says so."""
    make_user("new@example.org")
    enable_providers(OIDC_SERVER_URL=server, **OIDC)
    page = client.get(sign_in_with_oidc(client)["Location"])
    assert "already" not in page.text
    [message] = mail.outbox
    assert message.to == ["new@example.org"]
    assert "Other ways to sign in" in str(message.body)


@pytest.mark.parametrize("variables", [GOOGLE, GITHUB, {"OIDC_SERVER_URL": "https://id.test", **OIDC}])
def test_incomplete_variables_are_rejected(variables: dict[str, str]) -> None:
    """An incomplete set of a provider's variables is rejected."""
    with set_environment(**variables):
        assert not find_problems()
    for missing in variables.keys() - {"OIDC_NAME"}:
        others = {name: value for name, value in variables.items() if name != missing}
        with set_environment(**others):
            errors = find_problems()
        assert errors.keys() == others.keys() - {"OIDC_NAME"}
        assert all(missing in error for error in errors.values())
        assert not any(value in str(errors) for value in variables.values())


@pytest.mark.parametrize("url", ["id.test", "ftp://id.test", "https://"])
def test_invalid_url_is_rejected(url: str) -> None:
    """An invalid URL of a provider is rejected."""
    with set_environment(OIDC_SERVER_URL=url, **OIDC):
        assert find_problems().keys() == {"OIDC_SERVER_URL"}
