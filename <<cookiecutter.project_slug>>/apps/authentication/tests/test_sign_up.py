<% if cookiecutter.sign_up == "public" %>
import re
<% endif %>
from typing import Any

import pytest
from allauth.account.models import EmailAddress
<% if cookiecutter.sign_up == "public" %>
from django.contrib.auth.hashers import Argon2PasswordHasher
<% endif %>
from django.core import mail
from django.test import Client
<% if cookiecutter.sign_up == "public" %>
from django.urls import reverse, reverse_lazy
<% else %>
from django.urls import reverse
<% endif %>

<% if cookiecutter.sign_up == "public" %>
from apps.accounts.limits import LIMITS
<% endif %>
from apps.accounts.models import User
<% if cookiecutter.sign_up == "public" %>
from apps.accounts.tests.factories import PASSWORD
from apps.authentication.tests.test_pages import code_in_mail, sign_in
<% else %>
from apps.accounts.tests.factories import PASSWORD
<% endif %>

pytestmark = pytest.mark.django_db
<% if cookiecutter.sign_up == "public" %>
VERIFY = reverse_lazy("account_email_verification_sent")
<% endif %>


def sign_up(client: Client, email: str = "new@example.org", password: str = PASSWORD) -> Any:
    """Submit the sign-up form."""
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


<% if cookiecutter.sign_up == "public" %>
def test_sign_up(client: Client) -> None:
    """No user is signed in before their email address is verified."""
    response = sign_up(client, "New@example.org")
    assert response["Location"] == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    [message] = mail.outbox
    assert message.to == ["new@example.org"]
    assert client.get(response["Location"]).status_code == 200
    assert client.post(response["Location"], {"code": "WRONG"}).status_code == 200
    client.post(response["Location"], {"code": code_in_mail()})
    user = User.objects.get(email="new@example.org")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not user.is_staff
    assert EmailAddress.objects.get(user=user).verified


def test_first_page_links_to_sign_up(client: Client) -> None:
    assert reverse("account_signup") in client.get("/").text


def test_unverified_user_cannot_sign_in(client: Client) -> None:
    sign_up(client)
    other = Client()
    assert sign_in(other, "new@example.org") == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in other.session
    other.post(reverse("account_email_verification_sent"), {"code": code_in_mail()})
    assert "_auth_user_id" in other.session


def test_sign_up_again_sends_a_new_code(client: Client) -> None:
    """The password is that of the sign-up whose code was entered: the others may be a stranger's."""
    second, third = f"second {PASSWORD}", f"third {PASSWORD}"
    clients = [client, Client(), Client()]
    for one, password in zip(clients, (PASSWORD, second, third), strict=True):
        assert sign_up(one, password=password)["Location"] == VERIFY
        assert "already exists" not in str(mail.outbox[-1].body)
    codes = [code_in_mail(message) for message in mail.outbox]
    assert clients[2].post(VERIFY, {"code": codes[1]}).status_code == 200
    clients[1].post(VERIFY, {"code": codes[1]})
    assert clients[1].get(reverse("accounts:profile")).status_code == 200
    user = User.objects.get()
    assert user.check_password(second)
    assert sign_in(Client(), user.email, second) == reverse("core:home")
    assert sign_in(Client(), user.email, third) == ""


def test_unfinished_sign_up_changes_no_password(client: Client) -> None:
    sign_up(Client())
    sign_up(client, password=f"second {PASSWORD}")
    client.post(reverse("logout"))
    sign_in(client, "new@example.org")
    client.post(VERIFY, {"code": code_in_mail()})
    assert User.objects.get().check_password(PASSWORD)


def test_too_many_wrong_codes_send_a_new_one(client: Client) -> None:
    """On the same page: the old code no longer works, and the new one does."""
    sign_up(client)
    first = code_in_mail()
    for code in ("WRONG", "WRONG", "WRONG", first):
        response = client.post(VERIFY, {"code": code})
    assert "Request a new one" in str(response.context["form"].errors["code"])
    client.post(VERIFY, {"action": "resend"})
    assert client.post(VERIFY, {"code": first}).status_code == 200
    assert client.post(VERIFY, {"code": code_in_mail()})["Location"] == reverse("core:home")


def test_new_codes_are_limited_with_and_without_an_account(user: User) -> None:
    """The last code still works."""
    for email in (user.email, "new@example.org"):
        client = Client()
        sign_up(client, email)
        for _ in range(LIMITS["mail"]["pair"].attempts - 1):
            assert client.post(VERIFY, {"action": "resend"}).status_code == 302
        assert client.post(VERIFY, {"action": "resend"}).status_code == 429
    assert client.post(VERIFY, {"code": code_in_mail()})["Location"] == reverse("core:home")


def test_password_reset_link_verifies_the_email(client: Client) -> None:
    sign_up(Client())
    client.post(reverse("password_reset"), {"email": "new@example.org"})
    link = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert link
    page = client.get(link[1], follow=True)
    new = f"new {PASSWORD}"
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert sign_in(client, "new@example.org", new) == reverse("core:home")


def test_weak_passwords_are_refused(client: Client) -> None:
    for weak in ("short1!", "password123", "8174502936", "new@example.org"):
        assert sign_up(client, password=weak).context["form"].errors["password1"]
    assert not User.objects.exists()


def test_sign_up_reveals_no_account(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the owner is notified, by mail; the response takes as many hashes."""
    hashed: list[str] = []
    encode = Argon2PasswordHasher.encode

    def counted_encode(*arguments: str) -> str:
        hashed.append("")
        return encode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted_encode)
    seen = []
    for email in (user.email, "new@example.org"):
        hashed.clear()
        client = Client()
        response = sign_up(client, email)
        page = client.get(response["Location"]).text.replace(email, "")
        seen.append((response.status_code, response["Location"], len(hashed), "code" in page))
    assert seen[0] == seen[1]
    assert [message.to for message in mail.outbox] == [[user.email], ["new@example.org"]]
    assert "already" in str(mail.outbox[0].body)
    assert User.objects.count() == 2


def test_sign_up_mails_are_limited(client: Client) -> None:
    for _ in range(LIMITS["sign up"]["pair"].attempts):
        assert sign_up(Client()).status_code == 302
    assert sign_up(Client()).status_code == 429
    assert len(mail.outbox) == LIMITS["sign up"]["pair"].attempts


def test_verification_mails_are_limited(client: Client) -> None:
    sign_up(client)
    responses = [
        Client().post(reverse("login"), {"login": "new@example.org", "password": PASSWORD})
        for _ in range(LIMITS["mail"]["pair"].attempts)
    ]
    assert responses[0].status_code == 302
    assert responses[-1].status_code == 429
    assert len(mail.outbox) == LIMITS["mail"]["pair"].attempts
<% else %>
def test_sign_up_is_closed(client: Client) -> None:
    assert sign_up(client).status_code == 200
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not mail.outbox


def test_no_page_links_to_sign_up(client: Client) -> None:
    for page in ("/", reverse("login")):
        assert reverse("account_signup") not in client.get(page).text
<% endif %>
