"""Tasks that dump, restore and seed the database: docs/data.md."""

import time
from pathlib import Path

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import databases
from fabfile.run import run


@task(
    name="dump-db",
    help={"to": "The file (default: a new one in dumps/)", "yes": "Overwrite an existing file"},
)
def dump_db(c: Context, to: str = "", yes: bool = False) -> None:
    """Dump the database into a file."""
    database = databases.find()
    if database.is_empty():
        raise Exit("There is nothing to dump: the database is empty. Type: fab migrate")
    file = Path(to or f"dumps/{time.strftime('%Y-%m-%d-%H%M%S')}{database.suffix}")
    if file.exists() and not yes:
        raise Exit(f"{file} already exists: name another file, or add --yes to replace it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    try:
        # The dump contains personal data.
        partial.touch(mode=0o600)
        database.dump(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    print(f"Wrote {file}. To restore it: fab restore-db {file}")


@task(
    name="restore-db",
    help={"file": "A file written by dump-db", "yes": "Replace the database's contents"},
)
def restore_db(c: Context, file: str, yes: bool = False) -> None:
    """Replace the database's contents with a dump."""
    database, dump = databases.find(), Path(file)
    with dump.open("rb") as source:
        is_dump = source.read(16).startswith(database.magic)
    if not is_dump:
        raise Exit(f"{file} is not a dump of {database.kind}, which the site's database uses.")
    require_empty(database, yes)
    database.restore(dump)
    print("Restored. If the code is newer than the dump, now type: fab migrate")


@task
def seed(c: Context) -> None:
    """Fill the database with sample data."""
    run(c, "python manage.py seed")


def require_empty(database: databases.Sqlite | databases.Postgres, yes: bool) -> None:
    """Raise Exit if the database is not empty, unless `yes` is set."""
    if not yes and not database.is_empty():
        raise Exit("The database is not empty. To save it: fab dump-db. To replace it: add --yes")
