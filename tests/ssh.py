"""A real SSH server on loopback, a user who may sign in there, and a connection that can be cut."""

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

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@dataclass
class Server:
    """An SSH server of this machine's user, and the home folder of a user with a key to it."""

    port: int
    home: Path
    host_key: str

    def at(self, port: int = 0) -> str:
        """Return what `fab -H` is told, for the server or a relay to it."""
        return f"{getpass.getuser()}@127.0.0.1:{port or self.port}"

    def know(self, key: str = "", port: int = 0) -> None:
        """Let the person know the server's key, or another key, at its port or a relay's."""
        with (self.home / ".ssh" / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{port or self.port} {key or self.host_key}\n")

    def forget(self) -> None:
        """Let the person know no server."""
        (self.home / ".ssh" / "known_hosts").unlink(missing_ok=True)


def make_key(file: Path) -> str:
    """Make a key pair and return its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]
    subprocess.run(command, check=True)
    return file.with_suffix(".pub").read_text().strip()


@contextmanager
def serving(folder: Path, home: Path) -> Iterator[Server]:
    """Run an SSH server whose files are in `folder`, for a person whose home folder is `home`."""
    assert SSHD, "apt-get install openssh-server"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (folder / "authorized_keys").write_text(make_key(home / ".ssh" / "id_ed25519") + "\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
                assert process.poll() is None, "sshd has ended"
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


class Relay:
    """A line to a port of this machine, which is cut once so many bytes have come back."""

    def __init__(self, port: int, cut_after: int) -> None:
        """Listen at a port of its own."""
        self.target, self.left = port, cut_after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Carry one connection."""
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.carry, args=(near, far), daemon=True).start()
        while self.left > 0 and (piece := far.recv(65536)):
            self.left -= len(piece)
            near.sendall(piece)
        for end in (near, far, self.listener):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def carry(near: socket.socket, far: socket.socket) -> None:
        """Carry what is asked, until the line is cut."""
        with suppress(OSError):
            while piece := near.recv(65536):
                far.sendall(piece)
