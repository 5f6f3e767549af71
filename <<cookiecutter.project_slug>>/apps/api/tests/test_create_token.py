"""The command that creates a token."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import Token


def create(*words: str) -> str:
    """Run the command, and return its output."""
    output = StringIO()
    call_command("create_token", *words, stdout=output)
    return output.getvalue().strip()


def test_it_prints_the_secret(user: User) -> None:
    secret = create("Ann@example.org", "--name", "Report", "--days", "7")
    assert Token.objects.find_user(secret) == user
    token = Token.objects.get()
    assert token.name == "Report"
    assert abs(token.expires - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_unknown_user(user: User) -> None:
    former = make_user(is_active=False)
    for email in ("ben@example.org", former.email):
        with pytest.raises(CommandError, match="No active user"):
            create(email, "--name", "Report")
    for days in ("0", "-1", "99999999999"):
        with pytest.raises(CommandError, match="--days"):
            create(user.email, "--name", "Report", "--days", days)
    assert not Token.objects.exists()
