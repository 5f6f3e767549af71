"""Rate limits of the API."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.accounts.limits import Limit
from apps.accounts.models import AttemptCounter, User
from apps.accounts.tests.factories import make_user
from apps.api import limits
from apps.api.models import Token

ME = "/api/v1/me"


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow two requests."""
    two = Limit(2, timedelta(minutes=1))
    monkeypatch.setattr(limits, "LIMITS", {"user": two, "address": two})


def bearer(secret: str, ip: str = "192.0.2.1") -> Client:
    """Return an API client with an IP address."""
    return Client(headers={"authorization": f"Bearer {secret}"}, REMOTE_ADDR=ip)


def test_limit_is_per_user(api_client: Client, user: User) -> None:
    second = Token.objects.issue(user, "second")
    assert api_client.get(ME).status_code == 200
    assert bearer(second.secret, "192.0.2.2").get(ME).status_code == 200
    for client in (api_client, bearer(second.secret)):
        response = client.get(ME)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 60
        assert response.json() == {"detail": "Too Many Requests"}
    browser = Client()
    browser.force_login(user)
    assert browser.get(ME).status_code == 429
    other = Token.objects.issue(make_user(), "of another user")
    assert bearer(other.secret).get(ME).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
def test_wrong_tokens_are_limited_per_ip_address(settings: LazySettings, debug: bool) -> None:
    settings.DEBUG = debug
    assert [bearer(f"{n}").get(ME).status_code for n in range(3)] == [401, 401, 429]
    assert bearer("x", "192.0.2.2").get(ME).status_code == 401


def test_wrong_tokens_of_others_lock_no_one_out(token: Token) -> None:
    for n in range(3):
        bearer(f"{n}").get(ME)
    assert bearer(token.secret).get(ME).status_code == 200


@pytest.mark.django_db
def test_requests_without_a_token_are_not_counted(client: Client) -> None:
    assert {client.get(ME).status_code for _ in range(4)} == {401}
    assert not AttemptCounter.objects.exists()
