"""Access with a token, a session or neither."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from environs import ValidationError

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import LAST_USED_PRECISION, Token
from config.environment import validate_path

ME = "/api/v1/me"
PATHS = [ME, "/api/v1/tokens", "/api/v1/openapi.json"]


def bearer(secret: str) -> dict[str, str]:
    """Return the header that an API client sends."""
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("path", PATHS)
def test_a_token_gives_access(api_client: Client, path: str) -> None:
    response = api_client.get(path)
    assert response.status_code == 200
    assert not response.cookies
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", PATHS)
def test_a_session_gives_access(client: Client, user: User, path: str) -> None:
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


def test_invalid_tokens_get_identical_responses(client: Client, user: User, token: Token) -> None:
    expired = Token.objects.issue(user, "old", timezone.now())
    former = make_user(is_active=False)
    inactive = Token.objects.issue(former, "of a former user")
    secrets = ["", "x", "ÿ", "\t", token.digest, token.secret[:-1], expired.secret, inactive.secret]
    for path in PATHS:
        responses = [client.get(path, headers=bearer(secret)) for secret in secrets]
        assert {response.status_code for response in responses} == {401}
        assert {response["WWW-Authenticate"] for response in responses} == {"Bearer"}
        assert len({response.content for response in responses}) == 1
        for headers in ({}, {"authorization": f"Token {token.secret}"}):
            assert client.get(path, headers=headers).status_code == 401


def test_a_wrong_token_is_refused_despite_a_session(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get(ME, headers=bearer("wrong")).status_code == 401


def test_a_token_takes_precedence_over_a_session(client: Client, token: Token) -> None:
    client.force_login(make_user("ben@example.org"))
    assert client.get(ME, headers=bearer(token.secret)).json()["email"] == "ann@example.org"


@pytest.mark.django_db
def test_a_request_without_a_token_gets_401() -> None:
    response = Client(enforce_csrf_checks=True).patch(ME, {}, content_type="application/json")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_a_session_requires_the_csrf_token_for_changes(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    response = browser.patch(ME, {"name": "Ann"}, content_type="application/json")
    assert response.status_code == 403
    assert "detail" in response.json()
    browser.get("/api/")
    headers = {"x-csrftoken": browser.cookies[settings.CSRF_COOKIE_NAME].value}
    response = browser.patch(ME, {"name": "Ann"}, content_type="application/json", headers=headers)
    assert response.status_code == 200


def test_a_token_requires_no_csrf_token(api_client: Client) -> None:
    response = api_client.patch(ME, {"name": "Ann"}, content_type="application/json")
    assert response.status_code == 200
    assert not response.cookies


def test_last_use_is_recorded_once_a_minute(api_client: Client, token: Token) -> None:
    api_client.get(ME)
    token.refresh_from_db()
    first = token.last_used
    assert first
    api_client.get(ME)
    token.refresh_from_db()
    assert token.last_used == first
    Token.objects.update(last_used=first - LAST_USED_PRECISION - timedelta(seconds=1))
    api_client.get(ME)
    token.refresh_from_db()
    assert token.last_used
    assert token.last_used >= first


def test_the_database_contains_no_secret(token: Token) -> None:
    [row] = Token.objects.values()
    assert token.secret not in str(row)
    assert Token.objects.get().secret == ""


def test_the_docs_page_requires_sign_in(client: Client, user: User) -> None:
    assert client.get("/api/")["Location"] == "/account/login/?next=/api/"
    client.force_login(user)
    page = client.get("/api/")
    assert page.status_code == 200
    assert "unsafe" not in page["Content-Security-Policy"]


def test_first_page_links_signed_in_users_to_the_docs(client: Client, user: User) -> None:
    assert 'href="/api/"' not in client.get("/").text
    client.force_login(user)
    assert 'href="/api/"' in client.get("/").text


def test_admin_path_cannot_be_below_the_api() -> None:
    with pytest.raises(ValidationError):
        validate_path("api/admin/")
