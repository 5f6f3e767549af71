"""Tasks that dump, restore and make up the site's data: docs/data.md."""

import time
from pathlib import Path

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import databases
from fabfile.postgres import Postgres
from fabfile.progress import shown
from fabfile.run import run
from fabfile.sqlite import Sqlite

DUMPS = Path("dumps")


@task(
    name="dump-db",
    help={"to": "The file; without it one in dumps/", "yes": "Replace a file that is there"},
)
def dump_db(c: Context, to: str = "", yes: bool = False) -> None:
    """Write all that the database holds into a file."""
    database = databases.find()
    file = Path(to) if to else DUMPS / f"{time.strftime('%Y-%m-%d-%H%M%S')}{database.suffix}"
    if file.exists() and not yes:
        raise Exit(f"{file} exists already: name another, or add --yes to replace it.")
    if not to:
        DUMPS.mkdir(exist_ok=True)
    if not file.parent.is_dir():
        raise Exit(f"There is no folder {file.parent}.")
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        # It holds what people have entrusted to the site.
        partial.touch(mode=0o600)
        database.dump(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    print(f"Wrote {file}, {shown(file.stat().st_size)}. To bring it back: fab restore-db {file}")


@task(
    name="restore-db",
    help={"file": "What dump-db has written", "yes": "Replace what the database holds"},
)
def restore_db(c: Context, file: str, yes: bool = False) -> None:
    """Replace what the database holds by a dump.

    The dump is read through first. If anything fails, the database stays as it was.
    """
    database, dump = databases.find(), Path(file)
    refuse_wrong_kind(database, dump)
    refuse_full(database, yes)
    database.check(dump)
    database.restore(dump)
    print("Restored. If the code is newer than the dump, now type: fab migrate")


@task
def seed(c: Context) -> None:
    """Fill the database with made-up people."""
    run(c, "python manage.py seed")


# --- Helpers ------------------------------------------------------------------------------


def refuse_wrong_kind(database: Sqlite | Postgres, file: Path) -> None:
    """Raise Exit if `file` is no dump of such a database."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(16)
    except OSError as error:
        raise Exit(f"{file} cannot be read: {error.strerror}.") from None
    if begin.startswith(database.magic):
        return
    kinds = [each.kind for each in (Sqlite, Postgres) if begin.startswith(each.magic)]
    what = f"a dump of {kinds[0]}" if kinds else "no dump, or its beginning is lost"
    raise Exit(f"{file} is {what}; this site's database is {database.kind}.")


def refuse_full(database: Sqlite | Postgres, yes: bool) -> None:
    """Raise Exit if the database holds something, and nobody has said that it may go."""
    if not yes and not database.is_empty():
        raise Exit(
            "The database is not empty. To keep what it holds: fab dump-db."
            " To replace it, add --yes to what you typed."
        )
