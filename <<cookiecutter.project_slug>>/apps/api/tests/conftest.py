from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import Token


@pytest.fixture
def user(db: None) -> User:
    """Return a user."""
    return make_user("ann@example.org", name="Ann Example")


@pytest.fixture
def token(user: User) -> Token:
    """Return a token of the user, with its secret."""
    return Token.objects.issue(user, "Report, on Ann's laptop")


@pytest.fixture
def api_client(token: Token) -> Client:
    """Return a client that sends the token; errors are responses, as in production."""
    headers = {"authorization": f"Bearer {token.secret}"}
    return Client(enforce_csrf_checks=True, raise_request_exception=False, headers=headers)


@pytest.fixture
def connection_stays_open() -> Iterator[None]:
    """Keep a test's connection when it sends a request to config.wsgi, as Django's client does.

    Otherwise, Django would close PostgreSQL's connection, which is in the test's transaction.
    """
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
