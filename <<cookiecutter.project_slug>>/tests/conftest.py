import os
import runpy
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import LazySettings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config import environment

# A slow machine fails no test.
hypothesis_settings.register_profile(
    "site", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("site")

Environment = MutableMapping[str, str]

# The least that production takes.
PRODUCTION = {
    "SECRET_KEY": "a-good-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
    "ALLOWED_HOSTS": "www.site.test,site.test",
    "DATABASE_URL": "postgres://user:p%40ss@db:5432/name",
    "EMAIL_URL": "smtps://user:p%40ss@mail.site.test",
}

# What a test has of its own.
OF_THE_TEST = {"CACHES", "DATABASES", "INSTALLED_APPS", "LOGGING", "MAILERS"}
OF_THE_TEST |= {"PASSWORD_HASHERS", "STATIC_ROOT", "STORAGES", "TASKS"}


@contextmanager
def environment_of(**values: str) -> Iterator[Environment]:
    """Give the process a complete production environment but for `values`, and no `.env`.

    Yields the environment, which may be changed.
    """
    with patch.object(environment, "dotenv_values", return_value={}), patch.dict("os.environ"):
        for variable in environment.VARIABLES:
            os.environ.pop(variable.name, None)
        os.environ.update({**PRODUCTION, **values})
        yield os.environ


@pytest.fixture
def production() -> Iterator[Environment]:
    """Return a complete production environment, which the test may change."""
    with environment_of() as environ:
        yield environ


@pytest.fixture
def production_settings(
    production: Environment, settings: LazySettings, tmp_path: Path
) -> LazySettings:
    """Return the settings of production; only what stores, sends and logs is the test's own."""
    settings.STATIC_ROOT = tmp_path
    names = runpy.run_path(str(environment.BASE_DIR / "config" / "settings.py"))
    for name, value in names.items():
        if name.isupper() and name not in OF_THE_TEST and value != getattr(settings, name, None):
            setattr(settings, name, value)
    return settings
