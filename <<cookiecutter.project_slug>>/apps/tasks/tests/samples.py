"""Tasks for the tests."""

import time
from contextlib import suppress
from datetime import timedelta

from django.tasks import TaskContext
from django.tasks import task as django_task

from apps.accounts.models import User
from apps.tasks.declaration import task


@task()
def add(one: int, two: int) -> int:
    """Return the sum."""
    return one + two


@task(max_attempts=2, retry_seconds=60)
def fail() -> None:
    """Fail."""
    raise ValueError("not today")


@task(max_attempts=2, retry_seconds=0)
def remember(email: str) -> None:
    """Write to the database, then fail."""
    User.objects.create_user(email)
    raise ValueError("not today")


@task(max_attempts=1, time_limit=0.2)
def hang() -> None:
    """Never end, whatever exception is raised."""
    while True:
        with suppress(Exception):
            time.sleep(60)


@django_task(takes_context=True)
def count(context: TaskContext) -> int:
    """Return which attempt this is."""
    return context.attempt


@task(schedule=timedelta(minutes=5))
def often() -> None:
    """Do nothing, often."""


@task(schedule="30 4 * * *")
def daily() -> None:
    """Do nothing, daily."""
