"""The task that fetches a masked copy of another machine's database: docs/masking.md."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import databases, remote
from fabfile.data import require_empty
from fabfile.databases import Postgres, Sqlite
from fabfile.run import wrap_command


@task(
    help={
        "from_": "The site's folder on that machine",
        "manage": "The command that runs manage.py there: 'docker exec site python manage.py'",
        "media": "Also copy uploaded files, which are not masked",
        "yes": "Replace the database's contents",
    }
)
def pull(
    c: Context, from_: str = "", manage: str = "", media: bool = False, yes: bool = False
) -> None:
    """Replace the database with a masked copy of another site's.

    Type: fab -H USER@HOST pull --from FOLDER. The data is masked before it leaves that machine. If
    anything fails, the local database is unchanged.
    """
    if not from_ and (media or not manage):
        raise Exit("Name the site's folder on that machine: fab -H USER@HOST pull --from FOLDER")
    with remote.connect(c) as source:
        database = databases.find()
        require_empty(database, yes)
        with new_database(database) as url, open_loader(url) as load:
            remote.stream_masked_copy(source, from_, manage, load)
        print("The database is now a copy without passwords. To sign in, type: fab createsuperuser")
        if media:
            fetched, total = remote.fetch_files(source, f"{from_}/media", Path("media"))
            print(f"Fetched {fetched} of {total} files in media/; the others are up to date.")


@contextmanager
def new_database(database: Postgres | Sqlite) -> Iterator[str]:
    """Yield the URL of a new database, which replaces the old one if no error occurs."""
    if isinstance(database, Postgres):
        with database.new_database() as name:
            yield database.build_url(name)
        return
    new = database.file.with_name(f"{database.file.name}.new")
    try:
        new.unlink(missing_ok=True)
        yield f"sqlite:///{quote(str(new.absolute()))}"
        database.restore(new)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)


@contextmanager
def open_loader(url: str) -> Iterator[IO[bytes]]:
    """Yield a stream that loads what is written to it into the database at `url`; raise Exit if that fails."""
    line, environment = wrap_command("python manage.py load_masked", DATABASE_URL=url)
    with subprocess.Popen(
        shlex.split(line), env={**os.environ, **environment}, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin  # noqa: S101 - for mypy
        # A process that has ended prints the reason itself.
        with suppress(BrokenPipeError):
            yield process.stdin
            process.stdin.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
    if process.returncode:
        raise Exit("The copy was not loaded: the lines above say why. The database is unchanged.")
