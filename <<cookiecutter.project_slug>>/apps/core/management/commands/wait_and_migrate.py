"""Waits for the database, then runs Django's `migrate` in one process at a time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from config.environment import read

# Any number, as long as every release of this site uses the same one.
LOCK = 20_261_123


class Command(BaseCommand):
    help = "Wait for the database, then migrate: bash/run.sh and deployments use this."
    # `migrate` makes them.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=int,
            default=read()["DATABASE_WAIT_SECONDS"],
            help="How long to wait for the database, in seconds.",
        )

    def handle(self, *args: Any, wait: int, **_options: Any) -> None:
        self.wait(wait)
        with locked():
            call_command("migrate", interactive=False, skip_checks=False)

    def wait(self, seconds: int) -> None:
        """Return when the database answers; raise CommandError after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                connection.ensure_connection()
                return
            except DatabaseError as error:
                reason = str(error).strip().splitlines()[-1]
                if time.monotonic() >= deadline:
                    raise CommandError(
                        f"The database did not answer within {seconds} s: {reason}\n"
                        "Check DATABASE_URL, and that the database runs and lets this host in."
                    ) from error
                self.stderr.write(f"Waiting for the database: {reason}")
                sys.stderr.flush()
                time.sleep(1)


@contextmanager
def locked() -> Iterator[None]:
    """Hold PostgreSQL's advisory lock, so that of many containers started at once one migrates.

    The others wait and then have nothing to do. SQLite, which locks its file, needs none.
    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        # A connection that is lost has lost the lock as well.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
