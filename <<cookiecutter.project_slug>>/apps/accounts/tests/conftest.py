from collections.abc import Callable

import pytest

from apps.accounts import mailing
from apps.accounts.models import User
from apps.accounts.tests.factories import make_user


@pytest.fixture
def user(db: None) -> User:
    """Return a user."""
    return make_user("ann@example.org", name="Ann Example")


@pytest.fixture(autouse=True)
def mail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send mail within the test: another thread would not see the test's uncommitted data."""

    def send_now(send: Callable[[], None]) -> None:
        send()

    monkeypatch.setattr(mailing, "send_later", send_now)
