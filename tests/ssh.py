"""A real SSH server on localhost, a user with a key to it, and a relay that can drop the connection."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.production import find_free_port

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@dataclass
class Server:
    """An SSH server that runs as this user, and the home folder of a user with a key to it."""

    port: int
    home: Path
    host_key: str

    def format_host(self, port: int = 0) -> str:
        """Return USER@HOST:PORT for `fab -H`, of the server or a relay to it."""
        return f"{getpass.getuser()}@127.0.0.1:{port or self.port}"

    def add_known_host(self, key: str = "", port: int = 0) -> None:
        """Add the server's key, or another key, to known_hosts for its port or a relay's."""
        with (self.home / ".ssh" / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{port or self.port} {key or self.host_key}\n")

    def clear_known_hosts(self) -> None:
        """Delete known_hosts."""
        (self.home / ".ssh" / "known_hosts").unlink(missing_ok=True)


def make_key(file: Path) -> str:
    """Generate a key pair and return the public key."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]
    subprocess.run(command, check=True)
    return file.with_suffix(".pub").read_text().strip()


@contextmanager
def run_sshd(folder: Path, home: Path) -> Iterator[Server]:
    """Run an SSH server with its files in `folder`, for a user whose home folder is `home`."""
    assert SSHD, "apt-get install openssh-server"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (folder / "authorized_keys").write_text(make_key(home / ".ssh" / "id_ed25519") + "\n")
    port = find_free_port()
    server = Server(port, home, make_key(folder / "host_key"))
    options = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host_key",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": folder / "pid",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "prohibit-password",
        "PasswordAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=subprocess.DEVNULL) as process:
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert process.poll() is None, "sshd has exited"
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


class Relay:
    """A TCP relay to a local port, which drops the connection after a number of response bytes."""

    def __init__(self, port: int, cut_after: int) -> None:
        """Listen on a free port."""
        self.target, self.remaining = port, cut_after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Relay one connection."""
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
        while self.remaining > 0 and (chunk := server.recv(65536)):
            self.remaining -= len(chunk)
            client.sendall(chunk)
        for end in (client, server, self.listener):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def forward(client: socket.socket, server: socket.socket) -> None:
        """Forward the client's bytes until the connection is dropped."""
        with suppress(OSError):
            while chunk := client.recv(65536):
                server.sendall(chunk)
