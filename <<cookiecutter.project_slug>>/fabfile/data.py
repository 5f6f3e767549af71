"""Tasks that dump, restore and make up the site's data: docs/data.md."""

import time
from pathlib import Path

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import databases
from fabfile.run import run


@task(
    name="dump-db",
    help={"to": "The file; without it one in dumps/", "yes": "Replace a file that is there"},
)
def dump_db(c: Context, to: str = "", yes: bool = False) -> None:
    """Write all that the database holds into a file."""
    database = databases.find()
    if database.is_empty():
        raise Exit("There is nothing to dump: the database is empty. Type: fab migrate")
    file = Path(to or f"dumps/{time.strftime('%Y-%m-%d-%H%M%S')}{database.suffix}")
    if file.exists() and not yes:
        raise Exit(f"{file} exists already: name another, or add --yes to replace it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    try:
        # It holds personal data.
        partial.touch(mode=0o600)
        database.dump(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    print(f"Wrote {file}. To bring it back: fab restore-db {file}")


@task(
    name="restore-db",
    help={"file": "What dump-db has written", "yes": "Replace what the database holds"},
)
def restore_db(c: Context, file: str, yes: bool = False) -> None:
    """Replace what the database holds by a dump."""
    database, dump = databases.find(), Path(file)
    with dump.open("rb") as opened:
        is_dump = opened.read(16).startswith(database.magic)
    if not is_dump:
        raise Exit(f"{file} is no dump of {database.kind}, which this site's database is.")
    refuse_full(database, yes)
    database.restore(dump)
    print("Restored. If the code is newer than the dump, now type: fab migrate")


@task
def seed(c: Context) -> None:
    """Fill the database with made-up people."""
    run(c, "python manage.py seed")


def refuse_full(database: databases.Sqlite | databases.Postgres, yes: bool) -> None:
    """Raise Exit if the database holds something, unless `yes` says that it may go."""
    if not yes and not database.is_empty():
        raise Exit("The database is not empty. To keep it: fab dump-db. To replace it: add --yes")
