"""The mail with the link to set a new password, if Django sends it and not allauth."""

import pytest
from apps.accounts import mailing
from apps.accounts.mailing import send_later
from apps.accounts.models import User
from apps.accounts.tasks import send_password_reset
from django.conf import settings
from django.core import mail
from django.tasks import task_backends
from django.tasks.backends.dummy import DummyBackend
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings


@pytest.mark.parametrize("code", [code for code, _ in settings.LANGUAGES])
def test_mail_is_in_the_language_of_the_request(client: Client, user: User, code: str) -> None:
    """The mail for a password reset is in the language of the request."""
    with translation.override(code):
        form = {"email": user.email}
        client.post(reverse("password_reset"), form, headers={"accept-language": code})
        subject = translation.gettext("Set a new password for %(name)s")
        url = reverse("password_reset").removesuffix("password_reset/")
    [message] = mail.outbox
    assert message.subject == subject % {"name": settings.SITE_NAME}
    assert f"http://testserver{url}reset/" in str(message.body)


def test_mail_thread_uses_the_language_of_the_request() -> None:
    """The thread that sends mail uses the language of each request."""
    languages: list[str | None] = []
    with translation.override("de"):
        send_later(lambda: languages.append(translation.get_language()))
    send_later(lambda: languages.append(translation.get_language()))
    mailing._threads.submit(bool).result(timeout=60)
    assert languages == ["de", settings.LANGUAGE_CODE]


def test_reset_mail_is_sent_by_a_task(client: Client, user: User, settings: Settings) -> None:
    """A task sends the mail; its arguments contain no link and do not reveal whether the account exists."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for email in (user.email, "unknown@example.org"):
        client.post(reverse("password_reset"), {"email": email})
    assert not mail.outbox
    backend = task_backends["default"]
    assert isinstance(backend, DummyBackend)
    assert [result.args for result in backend.results] == [
        [user.email, "testserver", False, "en"],
        ["unknown@example.org", "testserver", False, "en"],
    ]


def test_task_fails_if_the_mail_cannot_be_sent(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the mail cannot be sent, the task fails."""

    def fail_to_send(_message: mail.EmailMessage) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(mail.EmailMessage, "send", fail_to_send)
    result = send_password_reset.enqueue(user.email, "testserver", False, "en")
    assert result.errors[0].exception_class is ConnectionRefusedError
