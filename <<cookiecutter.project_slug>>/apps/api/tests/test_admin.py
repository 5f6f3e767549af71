"""Tokens in the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.tests.factories import make_superuser, make_user
from apps.api.models import Token

ADD = "admin:api_token_add"
LIST = "admin:api_token_changelist"


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    """Return a client of a superuser."""
    client.force_login(make_superuser("admin@example.org"))
    return client


@pytest.fixture
def staff(db: None) -> User:
    """Return a staff user with all permissions for tokens."""
    person = make_user("staff@example.org", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__endswith="_token"))
    return person


def add(client: Client, user: User) -> Any:
    """Submit the form for a new token."""
    form = {
        "user": user.pk,
        "name": "Report",
        "expires_0": f"{timezone.now().year + 1}-01-01",
        "expires_1": "12:00",
    }
    return client.post(reverse(ADD), form)


def test_a_new_token_is_shown_once(admin: Client, user: User) -> None:
    page = add(admin, user)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    match = re.search(r'<code id="secret">([\w-]{43})</code>', page.content.decode())
    assert match
    assert Token.objects.find_user(match[1]) == user
    token = Token.objects.get()
    for name in (reverse(LIST), reverse("admin:api_token_change", args=[token.pk])):
        page = admin.get(name)
        assert page.status_code == 200
        assert "Report" in page.content.decode()
        assert match[1] not in page.content.decode()
        assert token.digest not in page.content.decode()


def test_revoking_a_token_deletes_it(admin: Client, token: Token) -> None:
    admin.post(reverse("admin:api_token_delete", args=[token.pk]), {"post": "yes"})
    assert not Token.objects.exists()


def test_staff_manage_only_their_own_tokens(client: Client, staff: User, token: Token) -> None:
    """With a superuser's token, they would have that user's permissions."""
    client.force_login(staff)
    assert add(client, token.user).context["adminform"].errors.keys() == {"user"}
    assert Token.objects.count() == 1
    page = add(client, staff)
    assert Token.objects.filter(user=staff).count() == 1
    assert "Ann" not in client.get(reverse(LIST)).content.decode()
    client.post(reverse("admin:api_token_delete", args=[token.pk]), {"post": "yes"})
    assert Token.objects.filter(pk=token.pk).exists()
    assert page.status_code == 200
