"""The environment and the settings of production, for the tests that ask for them."""

import runpy
from pathlib import Path

import pytest
from django.conf import LazySettings

from config import environment

# The least that production takes.
PRODUCTION = {
    "SECRET_KEY": "a-good-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
    "ALLOWED_HOSTS": "www.site.test,site.test",
    "DATABASE_URL": "postgres://user:p%40ss@db:5432/name",
    "EMAIL_URL": "smtps://user:p%40ss@mail.site.test",
}

# Separate for each test.
OF_THE_TEST = {"CACHES", "DATABASES", "INSTALLED_APPS", "LOGGING", "MAILERS"}
OF_THE_TEST |= {"PASSWORD_HASHERS", "STATIC_ROOT", "STORAGES", "TASKS"}


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the process a complete production environment, and no `.env`."""
    monkeypatch.setattr(environment, "read_env_file", lambda _file: {})
    for variable in environment.VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def production_settings(production: None, settings: LazySettings, tmp_path: Path) -> LazySettings:
    """Return the settings of production; only what stores, sends and logs is the test's own."""
    settings.STATIC_ROOT = tmp_path
    names = runpy.run_path(str(environment.BASE_DIR / "config" / "settings.py"))
    for name, value in names.items():
        if name.isupper() and name not in OF_THE_TEST and value != getattr(settings, name, None):
            setattr(settings, name, value)
    return settings
