"""People for the tests of every app: a test says what it cares about, and the rest is made up."""

from itertools import count
from typing import Any

from apps.accounts.models import User

PASSWORD = "correct horse battery staple"

numbers = count(1)


def make_user(email: str = "", **fields: Any) -> User:
    """Make somebody with an account, at an address that nobody else has unless it is given."""
    email = email or f"person-{next(numbers)}@example.org"
    return User.objects.create_user(email, **{"password": PASSWORD, **fields})


def make_superuser(email: str = "", **fields: Any) -> User:
    """Make somebody who may do everything."""
    return make_user(email, is_staff=True, is_superuser=True, **fields)
