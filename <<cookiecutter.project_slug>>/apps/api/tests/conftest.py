import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import Token


@pytest.fixture
def user(db: None) -> User:
    """A person with an account."""
    return make_user("ann@example.org", name="Ann Example")


@pytest.fixture
def token(user: User) -> Token:
    """A token of theirs, with its secret."""
    return Token.objects.issue(user, "Report, on Ann's laptop")


@pytest.fixture
def program(token: Token) -> Client:
    """A program that sends the token; what goes wrong is an answer, as in production."""
    headers = {"authorization": f"Bearer {token.secret}"}
    return Client(headers=headers, raise_request_exception=False)
