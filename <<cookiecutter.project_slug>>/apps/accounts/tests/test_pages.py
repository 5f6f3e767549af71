import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD, make_user


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "login",
        "password_reset",
        "password_reset_done",
        "password_reset_complete",
    ],
)
def test_public_pages(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["accounts:profile", "password_change", "password_change_done"])
def test_pages_require_sign_in(client: Client, user: User, name: str) -> None:
    url = reverse(name)
    assert client.get(url)["Location"] == f"{reverse('login')}?next={url}"
    client.force_login(user)
    assert client.get(url).status_code == 200


def test_sign_in_and_out(client: Client, user: User) -> None:
    response = client.post(reverse("login"), {"username": "ANN@example.org", "password": PASSWORD})
    assert response["Location"] == reverse("core:home")
    assert client.get("/").context["user"] == user
    assert client.get(reverse("logout")).status_code == 405
    client.post(reverse("logout"))
    assert "_auth_user_id" not in client.session


def test_sign_in_with_a_wrong_password(client: Client, user: User) -> None:
    page = client.post(reverse("login"), {"username": user.email, "password": "wrong"})
    [error] = page.context["form"].non_field_errors()
    assert escape(error) in page.text


def test_sign_in_redirects_only_within_the_site(client: Client, user: User) -> None:
    response = client.post(
        reverse("login"),
        {"username": user.email, "password": PASSWORD, "next": "https://evil.example"},
    )
    assert response["Location"] == reverse("core:home")


def test_reset_password(client: Client, user: User) -> None:
    client.post(reverse("password_reset"), {"email": user.email})
    [message] = mail.outbox
    link = re.search(r"https?://[^/]+(/\S+)", str(message.body))
    assert link
    page = client.get(link[1], follow=True)
    new = "another correct horse battery staple"
    client.post(page.request["PATH_INFO"], {"new_password1": new, "new_password2": new})
    assert client.login(username=user.email, password=new)


@pytest.mark.django_db
def test_password_reset_reveals_no_account(client: Client) -> None:
    response = client.post(reverse("password_reset"), {"email": "unknown@example.org"})
    assert response["Location"] == reverse("password_reset_done")
    assert not mail.outbox


def test_change_password(client: Client, user: User) -> None:
    client.force_login(user)
    new = "another correct horse battery staple"
    response = client.post(
        reverse("password_change"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert response["Location"] == reverse("password_change_done")
    user.refresh_from_db()
    assert user.check_password(new)


def change_profile(client: Client, **fields: str) -> User:
    """Submit the profile form, and return the user afterwards."""
    defaults = {"name": "Ann Example", "email": "ann@example.org"}
    client.post(reverse("accounts:profile"), {**defaults, **fields})
    return User.objects.get(name__startswith="Ann")


def test_change_name(client: Client, user: User) -> None:
    client.force_login(user)
    assert change_profile(client, name="Ann Other").name == "Ann Other"
    assert "Your changes are saved." in client.get(reverse("accounts:profile")).text


def test_change_email(client: Client, user: User) -> None:
    client.force_login(user)
    changed = change_profile(client, email="Ann@example.net", password=PASSWORD)
    assert changed.email == "ann@example.net"
    assert client.login(username="ann@example.net", password=PASSWORD)


@pytest.mark.parametrize("password", ["", "wrong"])
def test_changing_email_requires_the_password(client: Client, user: User, password: str) -> None:
    client.force_login(user)
    changed = change_profile(client, email="ann@example.net", password=password)
    assert changed.email == user.email


def test_email_is_unique(client: Client, user: User) -> None:
    make_user("ben@example.org")
    client.force_login(user)
    changed = change_profile(client, email="Ben@example.org", password=PASSWORD)
    assert changed.email == user.email


@pytest.mark.parametrize("name", ["changelist", "add"])
def test_admin(client: Client, user: User, name: str) -> None:
    url = reverse(f"admin:accounts_user_{name}")
    client.force_login(user)
    assert client.get(url).status_code == 302
    User.objects.update(is_staff=True, is_superuser=True)
    assert client.get(url).status_code == 200
    assert client.get(reverse("admin:accounts_user_change", args=[user.pk])).status_code == 200
