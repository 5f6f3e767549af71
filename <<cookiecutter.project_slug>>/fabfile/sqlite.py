"""A SQLite database: dumped, judged, and filled in one transaction."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from invoke.exceptions import Exit

from fabfile.progress import Progress

# How long another program may keep the file to itself.
LOCK_SECONDS = 5


class Sqlite:
    """A file; its backup API copies it in one transaction, whoever else uses it.

    https://www.sqlite.org/backup.html
    """

    kind = "SQLite"
    suffix = ".sqlite3"
    magic = b"SQLite format 3\0"

    def __init__(self, file: Path) -> None:
        self.file = file

    def is_empty(self) -> bool:
        """Whether there is no table."""
        if not self.file.exists():
            return True
        with closing(sqlite3.connect(self.file)) as database:
            return not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()

    def dump(self, file: Path) -> None:
        """Write a dump into `file`."""
        if self.is_empty():
            raise Exit("There is nothing to dump: the database is empty. Type: fab migrate")
        copy_sqlite(self.file, file)

    def check(self, file: Path) -> None:
        """Raise Exit if a dump is damaged."""
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as dump:
                [said] = dump.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            raise Exit(f"{file} is damaged, so nothing was touched: {said.splitlines()[-1]}")

    def restore(self, file: Path) -> None:
        """Replace all that the database holds by a dump, or leave it as it was and raise Exit."""
        copy_sqlite(file, self.file)

    @contextmanager
    def beside(self) -> Iterator[str]:
        """Yield the URL of a new database, whose contents replace the old ones if no error comes."""
        new = self.file.with_name(f"{self.file.name}.new")
        try:
            new.unlink(missing_ok=True)
            yield f"sqlite:///{new.absolute()}"
            copy_sqlite(new, self.file)
        finally:
            for end in ("", "-journal", "-wal", "-shm"):
                new.with_name(new.name + end).unlink(missing_ok=True)


def copy_sqlite(source: Path, target: Path) -> None:
    """Make `target` hold what `source` does, in one transaction; raise Exit if that fails."""
    progress = Progress(source.stat().st_size)
    free_at = time.monotonic()

    def step(status: int, left: int, pages: int) -> None:
        nonlocal free_at
        if status in {sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE}:
            free_at = time.monotonic()
        # Python itself would wait for ever.
        elif time.monotonic() - free_at > LOCK_SECONDS:
            raise sqlite3.OperationalError("another program writes to it: type fab stop")
        progress.show((pages - left) * size)

    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            [size] = old.execute("PRAGMA page_size").fetchone()
            old.backup(new, pages=1024, progress=step)
    except sqlite3.Error as error:
        raise Exit(f"{source} was not copied, and {target} is as it was: {error}") from None
    finally:
        progress.end()
