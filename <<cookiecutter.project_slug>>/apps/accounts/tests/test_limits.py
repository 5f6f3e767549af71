"""Limits on attempts to sign in or to reset a password."""

from typing import Any

from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.accounts.limits import LIMITS
from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD


def sign_in(client: Client, password: str) -> Any:
    """Try to sign in."""
    form = {"<< 'login' if cookiecutter.__with_allauth == 'yes' else 'username' >>": "ann@example.org", "password": password}
    return client.post(reverse("login"), form)


def test_too_many_wrong_passwords(client: Client, user: User) -> None:
    for _ in range(LIMITS["sign in"]["pair"].attempts):
        assert sign_in(client, "wrong").status_code == 200
    response = sign_in(client, PASSWORD)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "_auth_user_id" not in client.session


def test_password_resets_are_limited(client: Client, user: User) -> None:
    attempts = LIMITS["reset"]["pair"].attempts
    for _ in range(attempts):
        assert client.post(reverse("password_reset"), {"email": user.email}).status_code == 302
    response = client.post(reverse("password_reset"), {"email": user.email})
    assert response.status_code == 429
    assert len(mail.outbox) == attempts
