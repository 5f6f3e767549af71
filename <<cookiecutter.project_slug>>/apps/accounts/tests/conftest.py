from collections.abc import Callable

import pytest

<% if cookiecutter.__with_allauth == "yes" %>
from apps.accounts import mailing
<% else %>
from apps.accounts import views
<% endif %>
from apps.accounts.models import User
from apps.accounts.tests.factories import make_user


@pytest.fixture
def user(db: None) -> User:
    """A person with an account."""
    return make_user("ann@example.org", name="Ann Example")


@pytest.fixture(autouse=True)
def mail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send mail within the test: another thread would not see what the test has not committed."""

    def send_now(send: Callable[[], None]) -> None:
        send()

<% if cookiecutter.__with_allauth == "yes" %>
    monkeypatch.setattr(mailing, "send_later", send_now)
<% else %>
    monkeypatch.setattr(views, "send_later", send_now)
<% endif %>
