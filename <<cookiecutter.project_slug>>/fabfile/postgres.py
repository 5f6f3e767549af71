"""A PostgreSQL database: dumped, judged, and filled beside the old one, whose name it then takes."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from invoke.exceptions import Exit

from fabfile import docker
from fabfile.progress import Progress


class Postgres:
    """A database on a server, by the server's own programs: in its container, or on this machine.

    https://www.postgresql.org/docs/current/app-pgdump.html
    """

    kind = "PostgreSQL"
    suffix = ".dump"
    magic = b"PGDMP"

    def __init__(self, url: str, *, contained: bool) -> None:
        """Take the database at `url`; if `contained`, its host is a service of Compose."""
        parts = urlsplit(url)
        self.url, self.name = url, unquote(parts.path.lstrip("/"))
        self.variables = {"PGUSER": unquote(parts.username or "")}
        self.prefix = []
        if contained:
            service, user = str(parts.hostname), f"PGUSER={self.variables['PGUSER']}"
            self.prefix = [*docker.compose_words(), "exec", "--no-TTY", "--env", user, service]
            self.start(service)
        else:
            self.variables["PGHOST"] = parts.hostname or ""
            self.variables["PGPORT"] = str(parts.port or "")
            self.variables["PGPASSWORD"] = unquote(parts.password or "")

    def start(self, service: str) -> None:
        """Start the database's container, unless it runs; raise Exit if it does not start."""
        words = [*docker.compose_words(), "up", "--detach", "--wait", service]
        if subprocess.run(words, capture_output=True).returncode:
            raise Exit(f"The database does not start: type: fab logs --service {service}")

    def is_empty(self) -> bool:
        """Whether there is no table."""
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        return self.sql(self.name, tables).strip() == "0"

    def dump(self, file: Path) -> None:
        """Write a dump in PostgreSQL's custom format into `file`."""
        if self.is_empty():
            raise Exit("There is nothing to dump: the database is empty. Type: fab migrate")
        words = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", self.name]
        progress = Progress()
        with file.open("wb") as target, self.program(words, stdout=subprocess.PIPE) as program:
            progress.copy(program.stdout, target)

    def check(self, file: Path) -> None:
        """Raise Exit if a dump is damaged; that reads all of it."""
        # --list would read its table of contents alone.
        words = ["pg_restore", "--file=/dev/null"]
        progress = Progress(file.stat().st_size, "checked")
        try:
            self.feed(words, file, progress)
        except Exit as error:
            raise Exit(f"{file} is damaged, so nothing was touched: {error}") from None

    def restore(self, file: Path) -> None:
        """Replace all that the database holds by a dump, or leave it as it was and raise Exit."""
        with self.beside() as url:
            words = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"]
            words += ["--single-transaction", f"--dbname={urlsplit(url).path.lstrip('/')}"]
            self.feed(words, file, Progress(file.stat().st_size, "restored"))

    @contextmanager
    def beside(self) -> Iterator[str]:
        """Yield the URL of a new database, which takes the old one's place if no error comes."""
        new, old = f"{self.name}_fab_new", f"{self.name}_fab_old"
        for name in (new, old):
            self.sql("postgres", f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        self.sql("postgres", f"CREATE DATABASE {quoted(new)} TEMPLATE template0")
        try:
            yield urlsplit(self.url)._replace(path=f"/{new}").geturl()
            self.swap(new, old)
        finally:
            for name in (new, old):
                with suppress(Exit):
                    self.sql("postgres", f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    def swap(self, new: str, old: str) -> None:
        """Give `new` the database's name, and the name `old` to what had it, in one transaction."""
        connections = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608
            f" WHERE datname = {literal(self.name)}"
        )
        rename = (
            f"BEGIN; ALTER DATABASE {quoted(self.name)} RENAME TO {quoted(old)};"
            f" ALTER DATABASE {quoted(new)} RENAME TO {quoted(self.name)}; COMMIT"
        )
        for attempt in range(5):
            try:
                self.sql("postgres", connections)
                self.sql("postgres", rename)
                return
            except Exit:
                # Somebody connected in between.
                if attempt == 4:
                    raise

    def sql(self, database: str, statement: str) -> str:
        """Return what psql prints for a statement; raise Exit with the server's complaint."""
        words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1"]
        with self.program(
            [*words, f"--dbname={database}", f"--command={statement}"], stdout=subprocess.PIPE
        ) as program:
            assert program.stdout  # noqa: S101 - for mypy
            return program.stdout.read().decode()

    def feed(self, words: list[str], file: Path, progress: Progress) -> None:
        """Run a program that reads `file`; raise Exit with its complaint."""
        with (
            file.open("rb") as source,
            self.program(words, stdin=subprocess.PIPE) as program,
            # A program that has ended says why itself.
            suppress(BrokenPipeError),
        ):
            progress.copy(source, program.stdin)

    @contextmanager
    def program(
        self, words: list[str], stdin: int = subprocess.DEVNULL, stdout: int | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Yield a running program of PostgreSQL; raise Exit with its last line if it fails."""
        environment = {**os.environ, **self.variables}
        try:
            process = subprocess.Popen(
                [*self.prefix, *words],
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            raise Exit(f"{words[0]} is missing: install PostgreSQL's client programs.") from None
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()
            assert process.stderr  # noqa: S101 - for mypy
            complaint = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            raise Exit(complaint.splitlines()[-1] if complaint else f"{words[0]} failed.")


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
