from contextlib import suppress
from io import StringIO
from pathlib import Path

import allauth
import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.contrib import messages
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse

from apps.accounts.limits import LIMITS
from apps.accounts.models import User
from apps.accounts.tests.factories import make_superuser
from apps.authentication.second_factor import is_required
from apps.authentication.tests.factories import (
    current_code,
    make_passkey,
    make_recovery_codes,
    make_totp,
)
from apps.authentication.tests.test_pages import confirm, sign_in

ADMIN = "/admin/"


@pytest.fixture
def staff(settings: LazySettings, db: None) -> User:
    """Return a superuser, with SECOND_FACTOR on."""
    settings.SECOND_FACTOR = True
    return make_superuser("root@example.org")


def send_code(client: Client, code: str) -> str:
    """Send a code at sign-in, and return the redirect's URL."""
    return client.post(reverse("mfa_authenticate"), {"code": code}).get("Location", "")


def set_up_app(client: Client) -> str:
    """Set up an authenticator app, and return the redirect's URL."""
    confirm(client)
    page = client.get(reverse("mfa_activate_totp"))
    assert 'src="data:image/svg+xml' in page.text
    secret = page.context["form"].secret
    return client.post(reverse("mfa_activate_totp"), {"code": current_code(secret)})["Location"]


@pytest.mark.django_db(transaction=True)
def test_set_up_an_app_and_sign_in_with_it(client: Client, user: User) -> None:
    sign_in(client)
    codes_page = set_up_app(client)
    assert codes_page == reverse("mfa_view_recovery_codes")
    codes = client.get(codes_page).context["unused_codes"]
    assert "activated" in str(mail.outbox[-1].body).lower()

    client.post(reverse("logout"))
    assert sign_in(client) == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert send_code(client, "000000") == ""
    assert "_auth_user_id" not in client.session
    assert send_code(client, codes[0]) == reverse("core:home")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_recovery_code_works_once(client: Client, user: User) -> None:
    make_totp(user)
    code = make_recovery_codes(user)[0]
    sign_in(client)
    assert "recovery codes" in client.get(reverse("mfa_authenticate")).text
    assert send_code(client, code) == reverse("core:home")
    client.post(reverse("logout"))
    sign_in(client)
    assert send_code(client, code) == ""


def test_an_app_code_works_once(client: Client, user: User) -> None:
    secret = make_totp(user)
    code = current_code(secret)
    sign_in(client)
    assert send_code(client, code) == reverse("core:home")
    client.post(reverse("logout"))
    sign_in(client)
    assert send_code(client, code) == ""


def test_wrong_codes_are_limited(client: Client, user: User) -> None:
    """Signing in again with the password does not reset the count."""
    make_totp(user)
    for _ in range(LIMITS["second factor"]["pair"].attempts):
        client = Client()
        sign_in(client)
        assert client.post(reverse("mfa_authenticate"), {"code": "1"}).status_code == 200
    client = Client()
    sign_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": "1"}).status_code == 429


# --- Passkeys -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_pages_and_mails_say_passkey(client: Client, user: User) -> None:
    """In all pages, mails and messages of django-allauth, which say "security key" by default."""
    passkey = make_passkey(user)
    make_totp(user)
    sign_in(client)
    texts = [client.get(reverse("mfa_authenticate")).text]
    client.force_login(user)
    confirm(client)
    names = get_resolver("allauth.urls").reverse_dict
    for name in [name for name in names if isinstance(name, str)]:
        with suppress(NoReverseMatch):
            texts.append(client.get(reverse(name)).text)
        with suppress(NoReverseMatch):
            texts.append(client.get(reverse(name, args=[passkey.pk])).text)
    texts.append(client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]), follow=True).text)
    templates = Path(allauth.__file__).parent / "templates" / "mfa"
    request = client.get("/").wsgi_request
    with request_context(request):
        adapter = get_adapter(request)
        for subject in templates.glob("email/*_subject.txt"):
            prefix = subject.name.removesuffix("_subject.txt")
            adapter.send_notification_mail(f"mfa/email/{prefix}", user)
        for message in templates.glob("messages/*.txt"):
            adapter.add_message(request, messages.INFO, f"mfa/messages/{message.name}")
        texts += [str(message) for message in messages.get_messages(request)]
    texts += [f"{message.subject}\n{message.body}" for message in mail.outbox]
    assert not [text for text in texts if "security key" in text.lower()]
    assert len([text for text in texts if "passkey" in text.lower()]) > 10


# --- The admin ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/user/"])
def test_the_admin_has_no_sign_in_page_of_its_own(client: Client, staff: User, path: str) -> None:
    for response in (client.get(path), client.post(path, {"username": "x", "password": "x"})):
        assert response.status_code == 302
        assert response["Location"].endswith(f"account/login/?next={path}")


@pytest.mark.parametrize(("path", "required"), [("/de/admin/", True), ("/fr/admin/", False)])
def test_second_factor_is_required_after_a_language_prefix(
    settings: LazySettings, path: str, required: bool
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    assert is_required(RequestFactory().get(path)) == required


def test_user_without_permission_gets_403_from_the_admin(client: Client, user: User) -> None:
    client.force_login(user)
    for response in (client.get("/admin/login/"), client.post("/admin/login/")):
        assert response.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_staff_without_a_factor_are_redirected_to_set_one_up(client: Client, staff: User) -> None:
    sign_in(client, staff.email)
    assert client.get(ADMIN)["Location"] == f"{reverse('mfa_index')}?next=%2Fadmin%2F"
    assert "second factor first" in client.get(reverse("mfa_index")).text
    set_up_app(client)
    assert client.get(ADMIN).status_code == 200


def test_staff_with_a_factor_reach_the_admin(client: Client, staff: User) -> None:
    secret = make_totp(staff)
    sign_in(client, staff.email)
    send_code(client, current_code(secret))
    assert client.get(ADMIN).status_code == 200


def test_a_session_without_the_factor_is_asked_for_it(client: Client, staff: User) -> None:
    """A session from before the factor was set up in another one."""
    sign_in(client, staff.email)
    secret = make_totp(staff)
    page = client.get(ADMIN)["Location"]
    assert page == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2F"
    response = client.post(page, {"code": current_code(secret), "next": ADMIN})
    assert response["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_the_factor_of_another_user_does_not_count(client: Client, staff: User, user: User) -> None:
    secret = make_totp(user)
    sign_in(client, user.email)
    send_code(client, current_code(secret))
    client.force_login(staff)
    assert client.get(ADMIN).status_code == 302


def test_second_factor_can_be_switched_off(
    client: Client, staff: User, settings: LazySettings
) -> None:
    settings.SECOND_FACTOR = False
    sign_in(client, staff.email)
    assert client.get(ADMIN).status_code == 200


# --- Lost factors -------------------------------------------------------------------------


def test_command_removes_second_factors(client: Client, user: User) -> None:
    make_totp(user)
    make_recovery_codes(user)
    output = StringIO()
    call_command("remove_second_factors", "ANN@example.org", stdout=output)
    assert "Removed 2" in output.getvalue()
    assert sign_in(client) == reverse("core:home")
    with pytest.raises(CommandError):
        call_command("remove_second_factors", "unknown@example.org")


def test_admin_action_removes_second_factors(client: Client, user: User) -> None:
    make_totp(user)
    client.force_login(make_superuser())
    form = {"action": "remove_second_factors", "_selected_action": [user.pk]}
    client.post(reverse("admin:accounts_user_changelist"), form)
    assert not Authenticator.objects.exists()
