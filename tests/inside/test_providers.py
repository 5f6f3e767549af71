"""Signing in by an account somewhere else, as variables switch it on in production."""

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

from tests.inside.conftest import IS_SIGN_UP_OPEN, environment_of
from tests.inside.test_configuration import problems

pytestmark = pytest.mark.django_db

GOOGLE = {"GOOGLE_CLIENT_ID": "id-at-google", "GOOGLE_CLIENT_SECRET": "secret-1"}
GITHUB = {"GITHUB_CLIENT_ID": "id-at-github", "GITHUB_CLIENT_SECRET": "secret-2"}
OIDC = {"OIDC_CLIENT_ID": "id-of-ours", "OIDC_CLIENT_SECRET": "secret-3", "OIDC_NAME": "Our own"}


class Server(BaseHTTPRequestHandler):
    """An OpenID Connect server at which one person is always signed in."""

    person: dict[str, Any] = {}

    def log_message(self, *_: Any) -> None:
        pass

    def reply(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        here = f"http://{self.headers['Host']}"
        if self.path.endswith("/.well-known/openid-configuration"):
            names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            ends = {f"{name}_endpoint": f"{here}/{path}" for name, path in names.items()}
            self.reply({"issuer": here, "jwks_uri": f"{here}/jwks", **ends})
        else:
            self.reply(self.person)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply({"access_token": "token", "token_type": "Bearer"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of an OpenID Connect server."""
    monkeypatch.setattr(Server, "person", {"sub": "7", "email": "new@example.org"})
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def switch_on(settings: Settings) -> Iterator[Any]:
    """Return a function that gives the running site the providers of these variables."""
    monkeypatch = pytest.MonkeyPatch()

    def switch(**variables: str) -> None:
        with environment_of(**variables):
            found = providers.providers(environment.read())
        settings.SOCIALACCOUNT_PROVIDERS = found
        # Not by INSTALLED_APPS, with which all apps would start a second time.
        for name in found:
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

    yield switch
    monkeypatch.undo()
    load()


def leave(client: Client, name: str) -> dict[str, str]:
    """Start to sign in there; return the address that the page leads to, and what it asks with."""
    page = client.get(f"/account/{name}/login/")
    assert page.status_code == 200
    page = client.post(f"/account/{name}/login/")
    assert page.status_code == 200
    link = re.search(r'http-equiv="refresh"\s+content="0;url=([^"]+)"', page.text)
    assert link
    parts = urlsplit(link[1].replace("&amp;", "&"))
    asked = {key: value for key, [value] in parse_qs(parts.query).items()}
    return {"url": f"{parts.scheme}://{parts.netloc}{parts.path}", **asked}


def test_no_provider_without_variables(client: Client) -> None:
    """Without variables no provider is offered."""
    page = client.get(reverse("login"))
    assert "/login/?process=" not in page.text
    assert client.get("/account/google/login/").status_code == 404


def test_providers_with_variables(client: Client, switch_on: Any) -> None:
    """Google and GitHub are offered if their variables are set, with PKCE and state."""
    switch_on(**GOOGLE, **GITHUB)
    page = client.get(reverse("login"))
    for name, url in (
        ("google", "https://accounts.google.com/"),
        ("github", "https://github.com/login/oauth/authorize"),
    ):
        assert f"/account/{name}/login/?process=login" in page.text
        asked = leave(client, name)
        assert asked["url"].startswith(url)
        assert asked["client_id"] == f"id-at-{name}"
        assert asked["redirect_uri"] == f"http://testserver/account/{name}/login/callback/"
        assert asked["code_challenge_method"] == "S256"
        assert asked["state"]


def test_the_csp_names_no_provider(client: Client, switch_on: Any) -> None:
    """The Content Security Policy stays strict with a provider."""
    switch_on(**GOOGLE)
    policy = client.post("/account/google/login/")["Content-Security-Policy"]
    assert "form-action 'self';" in policy
    assert "google" not in policy


def by_oidc(client: Client) -> Any:
    """Sign in at the server, and return what the way back leads to."""
    asked = leave(client, "oidc/oidc")
    return client.get(asked["redirect_uri"], {"code": "1", "state": asked["state"]})


OPEN = pytest.mark.skipif(not IS_SIGN_UP_OPEN, reason="the staff makes the accounts")
CLOSED = pytest.mark.skipif(IS_SIGN_UP_OPEN, reason="everybody gets an account")


@OPEN
def test_sign_up_with_openid_connect(client: Client, switch_on: Any, server: str) -> None:
    """A new person signs up by OpenID Connect."""
    switch_on(OIDC_SERVER_URL=server, **OIDC)
    assert "Our own" in client.get(reverse("login")).text
    Server.person["email_verified"] = True
    assert by_oidc(client)["Location"] == reverse("core:home")
    user = User.objects.get(email="new@example.org")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not user.has_usable_password()
    assert SocialAccount.objects.get(user=user).uid == "7"


@OPEN
def test_an_unverified_email_is_verified_by_mail(client: Client, switch_on: Any, server: str) -> None:
    """An email address that the provider has not verified is verified by mail."""
    switch_on(OIDC_SERVER_URL=server, **OIDC)
    assert by_oidc(client)["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session


@CLOSED
def test_a_stranger_gets_no_account(client: Client, switch_on: Any, server: str) -> None:
    """If staff create the accounts, a provider does not create one for a stranger."""
    switch_on(OIDC_SERVER_URL=server, **OIDC)
    Server.person["email_verified"] = True
    assert by_oidc(client).status_code == 200
    assert not User.objects.exists()


def test_no_account_is_taken_over_by_its_email_address(client: Client, switch_on: Any, server: str) -> None:
    """An account cannot be taken over by its email address; its owner connects the provider."""
    user = make_user("new@example.org")
    switch_on(OIDC_SERVER_URL=server, **OIDC)
    Server.person["email_verified"] = True
    assert by_oidc(client)["Location"] == reverse("login")
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
    assert by_oidc(client)["Location"] == reverse("core:home")
    assert client.session["_auth_user_id"] == str(user.pk)


@OPEN
def test_the_owner_of_an_account_is_mailed(client: Client, switch_on: Any, server: str) -> None:
    """With an email address that the provider has not verified, only a mail says that it has an account."""
    make_user("new@example.org")
    switch_on(OIDC_SERVER_URL=server, **OIDC)
    page = client.get(by_oidc(client)["Location"])
    assert "already" not in page.text
    [message] = mail.outbox
    assert message.to == ["new@example.org"]
    assert "Other ways to sign in" in str(message.body)


@pytest.mark.parametrize("variables", [GOOGLE, GITHUB, {"OIDC_SERVER_URL": "https://id.test", **OIDC}])
def test_incomplete_variables_are_refused(variables: dict[str, str]) -> None:
    """An incomplete set of a provider's variables is refused."""
    with environment_of(**variables):
        assert not problems()
    for left_out in variables.keys() - {"OIDC_NAME"}:
        rest = {name: value for name, value in variables.items() if name != left_out}
        with environment_of(**rest):
            found = problems()
        assert found.keys() == rest.keys() - {"OIDC_NAME"}
        assert all(left_out in error for error in found.values())
        assert not any(value in str(found) for value in variables.values())


@pytest.mark.parametrize("url", ["id.test", "ftp://id.test", "https://"])
def test_an_invalid_url_is_refused(url: str) -> None:
    """An invalid URL of a provider is refused."""
    with environment_of(OIDC_SERVER_URL=url, **OIDC):
        assert problems().keys() == {"OIDC_SERVER_URL"}
