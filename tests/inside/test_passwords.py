"""How passwords are stored and chosen; neither timing nor response reveals whether an account exists."""

from collections.abc import Callable
from contextvars import copy_context
from functools import partial

import pytest
from apps.accounts import mailing
from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher, make_password
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, NEW_PASSWORD_FIELD, SIGN_IN_URLS


def test_passwords_are_hashed_with_argon2(user: User) -> None:
    """Passwords are hashed with Argon2."""
    assert user.password.startswith("argon2$argon2id$")


def test_old_hash_is_upgraded_at_sign_in(client: Client, user: User) -> None:
    """An old password hash is upgraded when its owner signs in."""
    hashers = PBKDF2PasswordHasher()
    User.objects.update(password=hashers.encode(PASSWORD, hashers.salt(), iterations=1000))
    client.post(reverse("login"), {ACCOUNT_FIELD: user.email, "password": "wrong"})
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2")
    client.post(reverse("login"), {ACCOUNT_FIELD: user.email, "password": PASSWORD})
    user.refresh_from_db()
    assert user.password.startswith("argon2")
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short1!", "password123", "8174502936", "ann@example.org"])
def test_weak_passwords_are_rejected(client: Client, user: User, password: str) -> None:
    """Weak passwords are rejected."""
    client.force_login(user)
    if HAS_ALLAUTH:
        url_name, old_field, error_field = "account_change_password", "oldpassword", "password1"
    else:
        url_name, old_field, error_field = "password_change", "old_password", "new_password2"
    new = {f"{NEW_PASSWORD_FIELD}{n}": password for n in (1, 2)}
    page = client.post(reverse(url_name), {old_field: PASSWORD, **new})
    assert page.context["form"].errors[error_field]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.fixture
def hash_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the calls that hash a password."""
    calls: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def record_encode(*arguments: str) -> str:
        calls.append("encode")
        return encode(*arguments)  # type: ignore[arg-type]

    def record_verify(*arguments: str) -> bool:
        calls.append("verify")
        return verify(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Argon2PasswordHasher, "encode", record_encode)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", record_verify)
    return calls


@pytest.mark.parametrize("page", SIGN_IN_URLS)
@pytest.mark.parametrize("kind", ["active", "inactive", "without a password", "unknown"])
def test_sign_in_does_not_reveal_accounts(
    client: Client, user: User, hash_calls: list[str], kind: str, page: str
) -> None:
    """Signing in does the same work and gives the same response whether the account exists or not."""
    unknown = client.post(reverse(page), {ACCOUNT_FIELD: "unknown@example.org", "password": "wrong"})
    if kind == "inactive":
        User.objects.update(is_active=False)
    if kind == "without a password":
        User.objects.update(password=make_password(None))
    if kind == "unknown":
        User.objects.all().delete()
    hash_calls.clear()
    response = client.post(reverse(page), {ACCOUNT_FIELD: user.email, "password": "wrong"})
    assert len(hash_calls) == 1
    assert response.status_code == unknown.status_code == 200
    errors = {str(each.context["form"].non_field_errors()) for each in (response, unknown)}
    assert len(errors) == 1


@pytest.mark.parametrize("kind", ["active", "inactive", "without a password", "unknown"])
def test_reset_does_not_reveal_accounts(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A password reset does the same work and gives the same response whether the account exists or not."""
    if kind == "inactive":
        User.objects.update(is_active=False)
    if kind == "without a password":
        User.objects.update(password=make_password(None))
    if kind == "unknown":
        User.objects.all().delete()
    deferred: list = []

    def send_later(send: Callable[[], object]) -> None:
        deferred.append(partial(copy_context().run, send))

    monkeypatch.setattr(mailing, "send_later", send_later)
    done_url = reverse("account_reset_password_done" if HAS_ALLAUTH else "password_reset_done")
    queries = []
    # The first request creates the counter of the IP address.
    for email in ("somebody@example.org", user.email, "unknown@example.org"):
        with CaptureQueriesContext(connection) as captured:
            response = client.post(reverse("password_reset"), {"email": email})
        assert (response.status_code, response["Location"]) == (302, done_url)
        queries.append(len(captured))
    assert queries[1] == queries[2]
    assert not mail.outbox
    for send in deferred:
        send()
    # With allauth, users without a password set one with the link.
    mailed = {"active", "without a password"} if HAS_ALLAUTH else {"active"}
    assert len(mail.outbox) == (kind in mailed)
