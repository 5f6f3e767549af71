"""How passwords are kept and chosen, and that neither work nor answer says who has an account."""

<% if cookiecutter.__with_allauth == "yes" %>
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

<% endif %>
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher, make_password
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

<% if cookiecutter.__with_allauth == "yes" %>
from apps.accounts import mailing
<% else %>
from apps.accounts import views
<% endif %>
from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD


def test_a_password_is_kept_by_argon2(user: User) -> None:
    assert user.password.startswith("argon2$argon2id$")


def test_an_old_hash_is_made_anew_when_its_owner_signs_in(client: Client, user: User) -> None:
    hashers = PBKDF2PasswordHasher()
    User.objects.update(password=hashers.encode(PASSWORD, hashers.salt(), iterations=1000))
    client.post(reverse("login"), {"<< 'login' if cookiecutter.__with_allauth == 'yes' else 'username' >>": user.email, "password": "wrong"})
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2")
    client.post(reverse("login"), {"<< 'login' if cookiecutter.__with_allauth == 'yes' else 'username' >>": user.email, "password": PASSWORD})
    user.refresh_from_db()
    assert user.password.startswith("argon2")
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("weak", ["short1!", "password123", "8174502936", "ann@example.org"])
def test_weak_passwords_are_refused(client: Client, user: User, weak: str) -> None:
    client.force_login(user)
<% if cookiecutter.__with_allauth == "yes" %>
    form = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    page = client.post(reverse("account_change_password"), form)
    assert page.context["form"].errors["password1"]
<% else %>
    form = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    page = client.post(reverse("password_change"), form)
    assert page.context["form"].errors["new_password2"]
<% endif %>
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each password that is hashed."""
    calls: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def counted_encode(*arguments: str) -> str:
        calls.append("encode")
        return encode(*arguments)  # type: ignore[arg-type]

    def counted_verify(*arguments: str) -> bool:
        calls.append("verify")
        return verify(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted_encode)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", counted_verify)
    return calls


<% if cookiecutter.__with_allauth == "yes" %>
@pytest.mark.parametrize("page", ["login"])
<% else %>
@pytest.mark.parametrize("page", ["login", "admin:login"])
<% endif %>
@pytest.mark.parametrize("kind", ["active", "inactive", "without a password", "nobody"])
def test_sign_in_hashes_once_and_says_the_same_whoever_it_is(
    client: Client, user: User, hashed: list[str], kind: str, page: str
) -> None:
    nobody = client.post(reverse(page), {"<< 'login' if cookiecutter.__with_allauth == 'yes' else 'username' >>": "nobody@example.org", "password": "wrong"})
    if kind == "inactive":
        User.objects.update(is_active=False)
    if kind == "without a password":
        User.objects.update(password=make_password(None))
    if kind == "nobody":
        User.objects.all().delete()
    hashed.clear()
    answer = client.post(reverse(page), {"<< 'login' if cookiecutter.__with_allauth == 'yes' else 'username' >>": user.email, "password": "wrong"})
    assert len(hashed) == 1
    assert answer.status_code == nobody.status_code == 200
    said = {str(each.context["form"].non_field_errors()) for each in (answer, nobody)}
    assert len(said) == 1


@pytest.mark.parametrize("kind", ["active", "inactive", "without a password", "nobody"])
def test_reset_does_nothing_before_its_answer_that_depends_on_the_account(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "inactive":
        User.objects.update(is_active=False)
    if kind == "without a password":
        User.objects.update(password=make_password(None))
    if kind == "nobody":
        User.objects.all().delete()
    later: list = []
<% if cookiecutter.__with_allauth == "yes" %>

    def send_later(send: Callable[[], object]) -> None:
        later.append(partial(copy_context().run, send))

    monkeypatch.setattr(mailing, "send_later", send_later)
<% else %>
    monkeypatch.setattr(views, "send_later", later.append)
<% endif %>
    queries = []
    # The first request makes the counter of the address.
    for email in ("somebody@example.org", user.email, "nobody@example.org"):
        with CaptureQueriesContext(connection) as captured:
            answer = client.post(reverse("password_reset"), {"email": email})
<% if cookiecutter.__with_allauth == "yes" %>
        done = reverse("account_reset_password_done")
        assert (answer.status_code, answer["Location"]) == (302, done)
<% else %>
        assert (answer.status_code, answer["Location"]) == (302, reverse("password_reset_done"))
<% endif %>
        queries.append(len(captured))
    assert queries[1] == queries[2]
    assert not mail.outbox
    for send in later:
        send()
<% if cookiecutter.__with_allauth == "yes" %>
    # Whom the staff has invited without a password sets one by the link.
    assert len(mail.outbox) == (1 if kind in {"active", "without a password"} else 0)
<% else %>
    assert len(mail.outbox) == (1 if kind == "active" else 0)
<% endif %>
