"""Stream masked data and copy files from another machine, over Fabric's SSH connection."""

import os
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fabric import Connection
from invoke.exceptions import Exit
from paramiko import SFTPAttributes, SFTPClient, SSHException

from fabfile import connection

# A connection without data for this long counts as lost.
TIMEOUT_SECONDS = 300
# Runs the command in a running container, from a checkout or host.deploy, or else with the checkout's Python.
MANAGE = (
    "for service in web web-a web-b;"
    ' do if [ -n "$(docker compose ps --status running --quiet $service 2>/dev/null)" ];'
    " then exec docker compose exec --no-TTY $service python manage.py dump_masked; fi; done;"
    " if [ -x .venv/bin/python ]; then exec .venv/bin/python manage.py dump_masked;"
    " else exec python3 manage.py dump_masked; fi"
)


@contextmanager
def connect(c: Any) -> Iterator[Connection]:
    """Open and yield the connection of `fab -H`; raise Exit if it is lost."""
    source = connection.open_connection(c, "Name the machine: fab -H USER@HOST pull --from FOLDER")
    try:
        yield source
    except (SSHException, OSError, EOFError) as error:
        raise Exit(f"{c.user}@{c.host}: {error or 'the connection was lost'}") from None
    finally:
        source.close()


def stream_masked_copy(c: Connection, folder: str, manage: str, target: IO[bytes]) -> None:
    """Stream a masked copy of the remote site's database into `target`.

    The site is in `folder`, or `manage` is the command that runs its manage.py. Raises Exit if
    that fails or the connection is lost; the command's standard error is printed.
    """
    command = f"exec {manage} dump_masked" if manage else MANAGE
    channel = c.transport.open_session()
    channel.settimeout(TIMEOUT_SECONDS)
    channel.exec_command(f"cd {shlex.quote(folder)} && {command}" if folder else command)
    shutil.copyfileobj(channel.makefile("rb"), target, 256 * 1024)
    if errors := channel.makefile_stderr("rb").read().decode(errors="replace").strip():
        print(errors, file=sys.stderr)
    if code := channel.recv_exit_status():
        raise Exit("The connection was lost." if code < 0 else f"{c.host}: exit code {code}.")


def fetch_files(c: Connection, source: str, target: Path) -> tuple[int, int]:
    """Copy the files of a remote folder into a local one; return the number copied and the total.

    Files of the same size and time are skipped, so a second call continues an
    interrupted one. Raises Exit if the remote folder does not exist.
    """
    sftp = c.sftp()
    fetched, total = 0, 0
    try:
        for path, attributes in walk_files(sftp, PurePosixPath(source)):
            file = target / path.relative_to(source)
            total += 1
            if is_same(file, attributes):
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f"{file.name}.partial")
            sftp.get(str(path), str(partial))
            os.utime(partial, (attributes.st_mtime or 0,) * 2)
            partial.replace(file)
            fetched += 1
    except FileNotFoundError:
        raise Exit(f"There is no folder {source} on {c.host}.") from None
    return fetched, total


def walk_files(
    sftp: SFTPClient, folder: PurePosixPath
) -> Iterator[tuple[PurePosixPath, SFTPAttributes]]:
    """Yield the regular files under a remote folder; links are not followed."""
    for entry in sftp.listdir_attr(str(folder)):
        mode = entry.st_mode or 0
        if "/" in entry.filename or entry.filename in {".", ".."}:
            continue
        if stat.S_ISDIR(mode):
            yield from walk_files(sftp, folder / entry.filename)
        elif stat.S_ISREG(mode):
            yield folder / entry.filename, entry


def is_same(file: Path, attributes: SFTPAttributes) -> bool:
    """Return whether a local file has the size and time of a remote one."""
    if not file.exists():
        return False
    local = file.stat()
    return (local.st_size, int(local.st_mtime)) == (attributes.st_size, attributes.st_mtime)
