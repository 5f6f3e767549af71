"""Fixtures for the tests inside a project, and the answers it was generated with."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from apps.accounts.tests.conftest import mail_at_once, user  # noqa: F401
from config import environment
from django.apps import apps
from django.conf import settings as django_settings
from hypothesis import HealthCheck, settings

from tests.conftest import PRODUCTION

# A slow machine fails no test.
settings.register_profile("site", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("site")

HAS_ALLAUTH = apps.is_installed("allauth")
HAS_CMS = apps.is_installed("wagtail")
IS_SIGN_UP_OPEN = getattr(django_settings, "ACCOUNT_SIGNUP_ENABLED", False)

# The URL for signing in, and the name of its form's field.
SIGN_IN_PAGES = ["login"] if HAS_ALLAUTH else ["login", "admin:login"]
ACCOUNT_FIELD = "login" if HAS_ALLAUTH else "username"
NEW_PASSWORD_FIELD = "password" if HAS_ALLAUTH else "new_password"

NEEDED = {
    "test_deployment.py": (environment.BASE_DIR / "deploy" / "aws").exists(),
    "test_masking.py": (environment.BASE_DIR / "apps" / "core" / "masking.py").exists(),
    "test_providers.py": HAS_ALLAUTH,
    "test_reset_mail.py": not HAS_ALLAUTH,
}
# https://docs.pytest.org/en/stable/example/pythoncollection.html#customizing-test-collection
collect_ignore = [name for name, is_there in NEEDED.items() if not is_there]

Environment = MutableMapping[str, str]


@contextmanager
def environment_of(**values: str) -> Iterator[Environment]:
    """Give the process a complete production environment, changed by `values`, and no `.env`.

    Yields the environment, which may be changed.
    """
    with patch.object(environment, "read_env_file", return_value={}), patch.dict("os.environ"):
        for variable in environment.VARIABLES:
            os.environ.pop(variable.name, None)
        os.environ.update({**PRODUCTION, **values})
        yield os.environ


@pytest.fixture
def production() -> Iterator[Environment]:
    """Return a complete production environment, which the test may change."""
    with environment_of() as environ:
        yield environ
