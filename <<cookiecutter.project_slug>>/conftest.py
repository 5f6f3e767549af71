"""Fixtures for the tests of all apps: https://docs.pytest.org/en/stable/reference/fixtures.html"""

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest
from django.conf import settings as django_settings
<% if cookiecutter.tasks == "database" %>
from pytest_django import Settings
<% endif %>


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Use one process for selected tests, since starting more takes longer than running them."""
    is_selected = any("::" in word or word.endswith(".py") for word in config.args)
    return 0 if is_selected or config.option.keyword else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> Iterator[None]:
    """Give each process its own test database, with the first unused number: two runs may overlap."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        yield
        return
    folder = django_settings.BASE_DIR / ".run"
    folder.mkdir(exist_ok=True)
    for number in count():
        with (folder / f"tests-{number}.lock").open("w") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            database.setdefault("TEST", {})["NAME"] = f"test_{database['NAME']}_{number}"
            yield
            return
<% if cookiecutter.tasks == "database" %>


@pytest.fixture(autouse=True)
def _run_tasks_immediately(settings: Settings) -> None:
    """Run tasks when they are enqueued, whatever TASKS is, even in a test's transaction."""
    backend = "apps.tasks.backends.ImmediateBackend"
    settings.TASKS = {"default": {"BACKEND": backend, "OPTIONS": {"on_commit": False}}}


@pytest.fixture
def tasks_wait(settings: Settings, db: None) -> None:
    """Keep tasks in the database instead, for a worker; see apps/tasks/tests/."""
    settings.TASKS = {"default": {"BACKEND": "apps.tasks.backends.DatabaseBackend"}}
<% endif %>
