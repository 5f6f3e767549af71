import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from apps.accounts import mailing
from apps.accounts.limits import LIMITS
from apps.accounts.models import User
from apps.accounts.tests.factories import PASSWORD, make_superuser, seed

NEW = "another correct horse battery staple"


def sign_in(client: Client, email: str = "ann@example.org", password: str = PASSWORD) -> str:
    """Sign in with a password, and return the redirect's URL."""
    response = client.post(reverse("login"), {"login": email, "password": password})
    return response.get("Location", "")


def confirm(client: Client) -> None:
    """Enter the password again, which changes of the account require."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def code_in_mail(message: mail.EmailMessage | None = None) -> str:
    """Return the code in a mail, by default in the last one."""
    body = str((message or mail.outbox[-1]).body)
    [code] = re.findall(r"^[A-Z0-9]{4,}(?:-[A-Z0-9]+)?$", body, re.MULTILINE)
    return code


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_inactive",
        "socialaccount_login_cancelled",
    ],
)
def test_public_pages(client: Client, name: str) -> None:
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert "style=" not in page.text


@pytest.mark.parametrize(
    "name",
    [
        "accounts:profile",
        "account_change_password",
        "account_email",
        "account_logout",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "socialaccount_connections",
    ],
)
def test_pages_require_sign_in(client: Client, user: User, name: str) -> None:
    url = reverse(name)
    assert client.get(url).status_code == 302
    sign_in(client)
    confirm(client)
    page = client.get(url)
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert "style=" not in page.text


def test_sign_in_and_out(client: Client, user: User) -> None:
    assert sign_in(client, "ANN@example.org") == reverse("core:home")
    assert client.get("/").context["user"] == user
    assert client.get(reverse("logout")).status_code == 200
    assert "_auth_user_id" in client.session
    client.post(reverse("logout"))
    assert "_auth_user_id" not in client.session


def test_sign_in_with_a_wrong_password(client: Client, user: User) -> None:
    page = client.post(reverse("login"), {"login": user.email, "password": "wrong"})
    [error] = page.context["form"].non_field_errors()
    assert escape(error) in page.text


def test_inactive_user_cannot_sign_in(client: Client, user: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in(client) == reverse("account_inactive")
    assert "_auth_user_id" not in client.session


def test_reset_password(client: Client, user: User) -> None:
    client.post(reverse("password_reset"), {"email": user.email})
    [message] = mail.outbox
    assert settings.SITE_NAME in message.subject
    link = re.search(r"https?://[^/]+(/\S+)", str(message.body))
    assert link
    page = client.get(link[1], follow=True)
    client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert sign_in(client, password=NEW) == reverse("core:home")
    assert "password has been reset" in str(mail.outbox[-1].body)


@pytest.mark.parametrize("code", [code for code, _ in settings.LANGUAGES])
def test_mail_is_in_the_language_of_the_request(client: Client, user: User, code: str) -> None:
    with translation.override(code):
        form = {"email": user.email}
        client.post(reverse("password_reset"), form, headers={"accept-language": code})
        url = reverse("password_reset")
        subject = translation.gettext("Password Reset Email")
    [message] = mail.outbox
    assert subject in message.subject
    assert f"http://testserver{url}key/" in str(message.body)


def test_mail_thread_uses_the_language_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    languages: list[str | None] = []
    with translation.override("de"):
        mailing.send_later(lambda: languages.append(translation.get_language()))
    mailing.send_later(lambda: languages.append(translation.get_language()))
    mailing._threads.submit(bool).result(timeout=60)
    assert languages == ["de", settings.LANGUAGE_CODE]


@pytest.mark.django_db
def test_password_reset_reveals_no_account(client: Client) -> None:
    response = client.post(reverse("password_reset"), {"email": "unknown@example.org"})
    assert response["Location"] == reverse("account_reset_password_done")
    assert not mail.outbox


def test_change_password(client: Client, user: User) -> None:
    sign_in(client)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), form)
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_change_name(client: Client, user: User) -> None:
    sign_in(client)
    client.post(reverse("accounts:profile"), {"name": "Ann Other", "email": "ann@example.net"})
    user.refresh_from_db()
    assert (user.name, user.email) == ("Ann Other", "ann@example.org")


def test_reauthenticate_with_a_mailed_code(client: Client, user: User) -> None:
    """Users without a password enter a mailed code. Too many codes, or wrong ones, are an error."""
    client.force_login(user)
    request_code, form = reverse("account_request_reauthentication_code"), {"recipient": user.email}
    for _ in range(LIMITS["mail"]["pair"].attempts):
        page = client.post(request_code, form)
        assert page["Location"] == reverse("account_confirm_reauthentication_code")
    for _ in range(3):
        response = client.post(page["Location"], {"code": "WRONG"}, follow=True)
    assert "Too many wrong codes" in response.text
    assert client.post(request_code, form).status_code == 429
    assert len(mail.outbox) == LIMITS["mail"]["pair"].attempts


def test_change_email(client: Client, user: User) -> None:
    """The old one is valid until the code that was sent to the new one is entered."""
    sign_in(client)
    form = {"email": "ann@example.net", "action_add": ""}
    client.post(reverse("account_email"), form)
    assert not mail.outbox
    confirm(client)
    client.post(reverse("account_email"), form)
    assert mail.outbox[-1].to == ["ann@example.net"]
    user.refresh_from_db()
    assert user.email == "ann@example.org"
    client.post(reverse("account_email_verification_sent"), {"code": code_in_mail()})
    user.refresh_from_db()
    assert user.email == "ann@example.net"
    [row] = EmailAddress.objects.filter(user=user)
    assert (row.email, row.verified, row.primary) == ("ann@example.net", True, True)


@pytest.mark.django_db
def test_superuser_needs_no_verification_mail(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--no-input", "--email", "Root@example.org")
    # A stranger can do this before.
    Client().post(reverse("password_reset"), {"email": "root@example.org"})
    mail.outbox.clear()
    assert sign_in(client, "root@example.org") == reverse("core:home")
    assert not mail.outbox


@pytest.mark.django_db
def test_seeded_users_can_sign_in(client: Client) -> None:
    seed()
    assert sign_in(client, "admin@example.org") == reverse("core:home")


@pytest.mark.parametrize("name", ["changelist", "add"])
def test_admin(client: Client, user: User, name: str) -> None:
    url = reverse(f"admin:accounts_user_{name}")
    client.force_login(user)
    assert client.get(url, follow=True).status_code == 403
    User.objects.update(is_staff=True, is_superuser=True)
    assert client.get(url).status_code == 200
    assert client.get(reverse("admin:accounts_user_change", args=[user.pk])).status_code == 200


def test_staff_change_the_email_of_a_user(client: Client, user: User) -> None:
    """The new one is valid immediately, and the old one no longer is."""
    client.force_login(make_superuser())
    form = {"email": "ann@example.net", "name": "", "is_active": "on"}
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), form)
    [row] = EmailAddress.objects.filter(user=user)
    assert (row.email, row.verified) == ("ann@example.net", True)
    assert sign_in(Client(), "ann@example.org") == ""
    assert sign_in(Client(), "ann@example.net") == reverse("core:home")


@pytest.mark.django_db
def test_the_admin_shows_no_secrets(client: Client) -> None:
    client.force_login(make_superuser())
    page = client.get(reverse("admin:index"))
    for app in ("mfa", "account", "socialaccount"):
        assert f"/admin/{app}/" not in page.text
