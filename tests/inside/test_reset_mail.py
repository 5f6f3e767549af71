"""The mail with the link to set a new password, sent by Django and not by allauth."""

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
    """The mail is in the language of the request."""
    with translation.override(code):
        form = {"email": user.email}
        client.post(reverse("password_reset"), form, headers={"accept-language": code})
        subject = translation.gettext("Set a new password for %(name)s")
        url = reverse("password_reset").removesuffix("password_reset/")
    [message] = mail.outbox
    assert message.subject == subject % {"name": settings.SITE_NAME}
    assert f"http://testserver{url}reset/" in str(message.body)


def test_mail_thread_uses_the_language_of_the_request() -> None:
    """The thread that sends mail uses the request's language, and no other request's."""
    languages: list[str | None] = []
    with translation.override("de"):
        send_later(lambda: languages.append(translation.get_language()))
    send_later(lambda: languages.append(translation.get_language()))
    mailing._threads.submit(bool).result(timeout=60)
    assert languages == ["de", settings.LANGUAGE_CODE]


def test_reset_mail_is_sent_by_a_task(client: Client, user: User, settings: Settings) -> None:
    """The task's arguments hold no link, and are the same for an address without an account."""
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


def test_reset_mail_that_cannot_be_sent_is_an_error(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that cannot be sent is an error of the task."""

    def refuse(_message: mail.EmailMessage) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)
    result = send_password_reset.enqueue(user.email, "testserver", False, "en")
    assert result.errors[0].exception_class is ConnectionRefusedError
