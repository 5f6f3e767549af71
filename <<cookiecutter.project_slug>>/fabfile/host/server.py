"""The server: connect to it, run commands there and write files there."""

import shlex
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from fabric import Connection
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import connection
from fabfile.env import PROJECT
from fabfile.image import last_line

DEPLOY = PROJECT / "deploy" / "host"
USER = "deploy"
LOCKED = 75


class Server:
    """A server that can be reached; commands run in the site's folder."""

    def __init__(self, connection: Connection) -> None:
        """Use an open connection."""
        self.connection = connection
        content = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
        self.project: str = content["tool"]["deploy"]["name"]
        self.folder = f"/srv/{self.project}"

    @property
    def name(self) -> str:
        """The argument of -H, with the user for deployments."""
        port = "" if self.connection.port == 22 else f":{self.connection.port}"
        return f"{USER}@{self.connection.host}{port}"

    def run(
        self, command: str, *, warn: bool = False, hide: bool = False, pty: bool = False
    ) -> Any:
        """Run a command in the site's folder, show its output, and return its result.

        Raises UnexpectedExit if it fails, unless `warn` is set. With `pty` it has a terminal.
        """
        line = f"cd {self.folder} && {command}"
        options: dict[str, Any] = {"pty": True} if pty else {"in_stream": False}
        return self.connection.run(line, warn=warn, hide=hide, **options)

    def capture(self, command: str) -> str:
        """Return a command's output; raise Exit if it fails."""
        result = self.run(command, warn=True, hide=True)
        if not result:
            raise Exit(f"{command.split()[0]} failed on the server: {last_line(result.stderr)}")
        return str(result.stdout).strip()

    def succeeds(self, command: str) -> bool:
        """Return whether a command succeeds; its output is not shown."""
        return bool(self.run(command, warn=True, hide=True))

    def read(self, name: str) -> str:
        """Return the text of a file in the site's folder, or "" if there is none."""
        return str(self.run(f"cat {shlex.quote(name)}", warn=True, hide=True).stdout)

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        """Write a file in the site's folder atomically."""
        path = f"{self.folder}/{name}"
        sftp = self.connection.sftp()
        sftp.putfo(BytesIO(text.encode()), f"{path}.part")
        sftp.chmod(f"{path}.part", mode)
        sftp.posix_rename(f"{path}.part", path)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the server against other deployments; raise Exit if another one has the lock.

        The lock is released when the connection ends, even if it is lost.
        """
        channel = self.connection.client.get_transport().open_session()
        command = (
            f"flock --nonblock --conflict-exit-code {LOCKED} {self.folder}/lock sh -c 'echo; cat'"
        )
        channel.exec_command(command)
        if not channel.recv(1):
            code = channel.recv_exit_status()
            raise Exit(
                "Another deployment or restore is running on this server: wait until it ends."
                if code == LOCKED
                else f"{self.folder}/lock cannot be created: flock failed with exit code {code}."
            )
        try:
            yield
        finally:
            channel.close()


def open_server(c: Context) -> Server:
    """Return the server that -H names; raise Exit if it cannot be reached."""
    usage = f"Name the server: fab -H {USER}@www.example.org host.status"
    return Server(connection.open_connection(c, usage))


def connect(c: Context) -> Server:
    """Return the server that -H names, as the user for deployments; raise Exit if it is not set up."""
    server = open_server(c)
    if c.user != USER:
        raise Exit(f"This task runs as the user {USER}, which owns the files: -H {server.name}")
    if not server.succeeds("test -f .env"):
        raise Exit(
            f"{c.host} has not been set up for this site:"
            f" fab -H root@{c.host} host.setup --domain www.example.org"
        )
    return server
