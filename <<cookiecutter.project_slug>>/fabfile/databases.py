"""Dump and restore the site's database, PostgreSQL or SQLite.

Both keep the old contents until the new ones are complete.
"""

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO
from urllib.parse import quote, unquote, urlsplit

from invoke.exceptions import Exit

from fabfile import docker, env
from fabfile.run import in_docker

# Hides the notice that a database to drop does not exist.
QUIET = "--client-min-messages=error"


class Postgres:
    """A PostgreSQL database, accessed with the client programs in its container or on this machine."""

    kind = "PostgreSQL"
    suffix = ".dump"
    magic = b"PGDMP"

    def __init__(self, url: str, *, in_compose: bool) -> None:
        """Use the database at `url`; with `in_compose`, its host is a Compose service."""
        parts = urlsplit(url)
        self.name, host = unquote(parts.path[1:]), parts.hostname or ""
        self.netloc = parts.netloc
        # libpq accepts all parameters except Django's conn_max_age.
        self.query = re.sub("(^|&)conn_max_age=[^&]*", "", parts.query).lstrip("&")
        variables = {"PGOPTIONS": QUIET, "PGPASSWORD": unquote(parts.password or "")}
        self.prefix: list[str] = []
        if in_compose:
            compose = docker.find_compose()
            start = [*compose, "up", "--detach", "--wait", host]
            if subprocess.run(start, capture_output=True).returncode:
                raise Exit(f"The database does not start: fab logs --service {host}. {docker.HELP}")
            options = [f"--env={name}" for name in variables]
            self.prefix = [*compose, "exec", "--no-TTY", *options, host]
        self.environment = {**os.environ, **variables}

    def is_empty(self) -> bool:
        """Return whether the database has no tables."""
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        return self.run_sql(self.name, tables).strip() == b"0"

    def dump(self, file: Path) -> None:
        """Write a dump in PostgreSQL's custom format into `file`."""
        with file.open("wb") as target:
            options = ["--format=custom", "--no-owner", "--no-privileges"]
            self.run(["pg_dump", *options, self.build_dbname_option(self.name)], stdout=target)

    def restore(self, file: Path) -> None:
        """Replace the database's contents with a dump, or leave them unchanged and raise Exit."""
        with self.new_database() as new, file.open("rb") as source:
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            self.run(["pg_restore", *options, self.build_dbname_option(new)], stdin=source)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Yield the name of a new database, which replaces the old one if no error occurs."""
        new, old = f"{self.name}_fab_new", f"{self.name}_fab_old"
        drop = [f"DROP DATABASE IF EXISTS {quote_name(name)} WITH (FORCE)" for name in (new, old)]
        self.run_sql("postgres", *drop, f"CREATE DATABASE {quote_name(new)} TEMPLATE template0")
        try:
            yield new
            name = quote_name(self.name, "'")
            sessions = f"pg_stat_activity WHERE datname = {name}"
            disconnect = f"SELECT pg_terminate_backend(pid) FROM {sessions}"  # noqa: S608
            # In one transaction, so that a database of this name always exists.
            names = (self.name, old), (new, self.name)
            rename = [f"ALTER DATABASE {quote_name(a)} RENAME TO {quote_name(b)}" for a, b in names]
            self.run_sql("postgres", disconnect, "; ".join(rename))
        finally:
            self.run_sql("postgres", *drop)

    def run_sql(self, database: str, *statements: str) -> bytes:
        """Run statements, each in a separate transaction, and return what psql prints."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1"]
        commands = [f"--command={statement}" for statement in statements]
        return self.run(["psql", *options, self.build_dbname_option(database), *commands])

    def build_dbname_option(self, name: str) -> str:
        """Return the option that names a database on this server; the password would show in `ps`."""
        return f"--dbname={self.build_url(name, re.sub(':.*@', '@', self.netloc))}"

    def build_url(self, name: str, netloc: str = "") -> str:
        """Return the URL of a database on this server."""
        return f"postgres://{netloc or self.netloc}/{quote(name, safe='')}?{self.query}"

    def run(
        self, command: list[str], stdin: int | IO[bytes] = DEVNULL, stdout: int | IO[bytes] = PIPE
    ) -> bytes:
        """Run a PostgreSQL program and return its output; raise Exit if it fails."""
        prefixed = [*self.prefix, *command]
        try:
            result = subprocess.run(prefixed, env=self.environment, stdin=stdin, stdout=stdout)
        except FileNotFoundError:
            raise Exit(f"{command[0]} is missing: install PostgreSQL's client programs.") from None
        if result.returncode:
            raise Exit("The command failed: the lines above say why. The database is unchanged.")
        return result.stdout or b""


class Sqlite:
    """A database file; SQLite's backup API copies it in one transaction, even while it is in use."""

    kind = "SQLite"
    suffix = ".sqlite3"
    magic = b"SQLite format 3\0"

    def __init__(self, file: Path) -> None:
        self.file = file

    def is_empty(self) -> bool:
        """Return whether nothing was ever written to the file."""
        return not self.file.exists() or self.file.stat().st_size == 0

    def dump(self, file: Path) -> None:
        """Write a dump into `file`."""
        copy_sqlite(self.file, file)

    def restore(self, file: Path) -> None:
        """Replace the database's contents with a dump, or leave them unchanged and raise Exit."""
        copy_sqlite(file, self.file)


def find() -> Sqlite | Postgres:
    """Return the site's database; raise Exit if it cannot be reached from here."""
    services = {}
    if in_docker():
        config = docker.capture_compose("config", "--format", "json")
        if not config:
            raise Exit("docker-compose.yml or .env is wrong. Type: docker compose config")
        services = json.loads(config)["services"]
        url = services["web"]["environment"]["DATABASE_URL"]
    else:
        default = f"sqlite:///{quote(str(env.PROJECT / 'db.sqlite3'))}"
        url = env.read().get("DATABASE_URL") or default
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return Sqlite(Path(unquote(parts.path)[1:]))
    if parts.scheme in {"postgres", "postgresql"}:
        return Postgres(url, in_compose=parts.hostname in services)
    raise Exit("DATABASE_URL is not a postgres or sqlite URL: see docs/configuration.md")


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy the contents of `source` to `target` in one transaction; raise Exit if that fails."""
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            [problem] = old.execute("PRAGMA integrity_check(1)").fetchone()
            if problem != "ok":
                raise sqlite3.DatabaseError(problem.splitlines()[-1])
            # Fails after 5 s if another program writes; the backup itself would wait forever.
            new.execute("BEGIN EXCLUSIVE")
            new.rollback()
            old.backup(new)
    except sqlite3.Error as error:
        raise Exit(f"SQLite failed on {source}, so the database is unchanged: {error}") from None


def quote_name(name: str, mark: str = '"') -> str:
    """Quote a name for SQL; with the mark ', quote a string."""
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"
