"""Fixtures for the production environment and settings."""

import runpy
from pathlib import Path

import pytest
from django.conf import LazySettings

from config import environment

# The minimal production environment.
PRODUCTION = {
    "SECRET_KEY": "a-good-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
    "ALLOWED_HOSTS": "www.site.test,site.test",
    "DATABASE_URL": "postgres://user:p%40ss@db:5432/name",
    "EMAIL_URL": "smtps://user:p%40ss@mail.site.test",
}

# Settings that keep the tests' values.
TEST_SETTINGS = {"CACHES", "DATABASES", "INSTALLED_APPS", "LOGGING", "MAILERS"}
TEST_SETTINGS |= {"PASSWORD_HASHERS", "STATIC_ROOT", "STORAGES", "TASKS"}


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a complete production environment, without `.env`."""
    monkeypatch.setattr(environment, "read_env_file", lambda _file: {})
    for variable in environment.VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def production_settings(production: None, settings: LazySettings, tmp_path: Path) -> LazySettings:
    """Return the production settings, except those that store, send and log."""
    settings.STATIC_ROOT = tmp_path
    names = runpy.run_path(str(environment.BASE_DIR / "config" / "settings.py"))
    for name, value in names.items():
        if name.isupper() and name not in TEST_SETTINGS and value != getattr(settings, name, None):
            setattr(settings, name, value)
    return settings
