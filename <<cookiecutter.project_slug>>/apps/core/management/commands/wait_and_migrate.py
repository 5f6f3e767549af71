"""Waits for the database, then runs Django's `migrate` in one process at a time."""

import signal
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
# How long to wait while another process migrates.
LOCK_SECONDS = 600
FIND_LOCK_HOLDER = """
    SELECT format('process %%s of %%s, for %%s', pid, coalesce(client_addr::text, 'this machine'),
                  date_trunc('second', clock_timestamp() - xact_start))
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objid = %s AND granted AND datname = current_database()
"""


class Command(BaseCommand):
    help = "Wait for the database, then migrate: bash/run.sh and deployments use this."
    # `migrate` runs them.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=int,
            default=read()["DATABASE_WAIT_SECONDS"],
            help="How long to wait for the database, in seconds.",
        )

    def handle(self, *args: Any, wait: int, **_options: Any) -> None:
        # The first process of a container receives only signals that it handles.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        self.wait_for_database(wait)
        with self.acquire_lock():
            call_command("migrate", interactive=False, skip_checks=False)

    def wait_for_database(self, seconds: int) -> None:
        """Wait until the database responds; raise CommandError after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                connection.ensure_connection()
                return
            except DatabaseError as error:
                reason = str(error).strip().splitlines()[-1]
                if time.monotonic() >= deadline:
                    raise CommandError(
                        f"The database did not respond within {seconds} s: {reason}\n"
                        "Check DATABASE_URL, and that the database is running and accepts this host."
                    ) from error
                self.report(f"Waiting for the database: {reason}")
                time.sleep(1)

    def report(self, text: str) -> None:
        """Print a line to standard error immediately."""
        self.stderr.write(text)
        sys.stderr.flush()

    @contextmanager
    def acquire_lock(self) -> Iterator[None]:
        """Hold an advisory lock in PostgreSQL, so that only one of several containers migrates at a time.

        The others wait, and then have nothing to do; raises CommandError after LOCK_SECONDS. SQLite
        locks its file instead. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
        """
        if connection.vendor != "postgresql":
            yield
            return
        # The lock lasts for a separate transaction, which a pooler keeps on one connection.
        lock_connection = connection.copy()
        try:
            lock_connection.set_autocommit(False)
            deadline = time.monotonic() + LOCK_SECONDS
            with lock_connection.cursor() as cursor:
                while not fetch_value(cursor, "SELECT pg_try_advisory_xact_lock(%s)"):
                    process = fetch_value(cursor, FIND_LOCK_HOLDER)
                    lock_connection.rollback()
                    if time.monotonic() >= deadline:
                        raise CommandError(
                            f"Another process is still migrating: {process}. See docs/troubleshooting.md"
                        )
                    self.report(f"Waiting for another process, which migrates: {process}")
                    time.sleep(1)
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield
            lock_connection.commit()  # Raises DatabaseError if the server has ended the session and its lock.
        finally:
            lock_connection.close()


def fetch_value(cursor: Any, sql: str) -> Any:
    """Return the first value of a query's result, with the lock's number for %s."""
    cursor.execute(sql, [LOCK])
    return (cursor.fetchone() or [None])[0]
