"""Fixtures for the tests inside a project, and the features that the project has."""

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

# No test fails because the machine is slow.
settings.register_profile("site", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("site")

HAS_ALLAUTH = apps.is_installed("allauth")
HAS_CMS = apps.is_installed("wagtail")
IS_SIGN_UP_PUBLIC = getattr(django_settings, "ACCOUNT_SIGNUP_ENABLED", False)

# The names of the sign-in URLs, and of the forms' fields.
SIGN_IN_URLS = ["login"] if HAS_ALLAUTH else ["login", "admin:login"]
ACCOUNT_FIELD = "login" if HAS_ALLAUTH else "username"
NEW_PASSWORD_FIELD = "password" if HAS_ALLAUTH else "new_password"

CONDITIONS = {
    "test_deployment.py": (environment.BASE_DIR / "deploy" / "aws").exists(),
    "test_masking.py": (environment.BASE_DIR / "apps" / "core" / "masking.py").exists(),
    "test_providers.py": HAS_ALLAUTH,
    "test_reset_mail.py": not HAS_ALLAUTH,
}
# https://docs.pytest.org/en/stable/example/pythoncollection.html#customizing-test-collection
collect_ignore = [name for name, condition in CONDITIONS.items() if not condition]

Environment = MutableMapping[str, str]


@contextmanager
def set_environment(**values: str) -> Iterator[Environment]:
    """Set a complete production environment, changed by `values`, without `.env`.

    Yields the environment, which the caller may change.
    """
    with patch.object(environment, "read_env_file", return_value={}), patch.dict("os.environ"):
        for variable in environment.VARIABLES:
            os.environ.pop(variable.name, None)
        os.environ.update({**PRODUCTION, **values})
        yield os.environ


@pytest.fixture
def production() -> Iterator[Environment]:
    """Return a complete production environment, which the test may change."""
    with set_environment() as environ:
        yield environ
