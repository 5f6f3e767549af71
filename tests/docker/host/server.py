"""A server with an engine of its own, and a checkout that is deployed to it."""

import contextlib
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.docker.commits import Commits
from tests.docker.conftest import stand_in
from tests.docker.engine import Response, ask_by_https, docker, run
from tests.production import wait_until

IMAGES = Path(__file__).resolve().parent.parent / "images"
IMAGE, HOST, PROJECT = "slipway-test/server:13", "www.site.test", "my_site"
FOLDER = f"/srv/{PROJECT}"
# URLs of the load, in addition to the site's own pages.
PAGES = """
import time
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
urlpatterns += [
    path("slow/", lambda request: time.sleep(4) or HttpResponse("slow")),
    path("echo/", csrf_exempt(lambda request: HttpResponse(request.body))),
]
"""


class Server(Commits):
    """The server, the checkout, and a user who runs `fab`."""

    def __init__(self, folder: Path, variables: dict[str, str], build_options: tuple[str, ...]) -> None:
        """Start the server; `folder` becomes a checkout of one commit, and gets a home next to it."""
        self.folder, self.home = folder, folder.parent / "home"
        self.commits: list[str] = []
        (self.home / ".ssh").mkdir(parents=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home / ".ssh" / "id_ed25519")
        self.variables = {
            **variables,
            "HOME": str(self.home),
            "DOCKER_CONFIG": str(Path.home() / ".docker"),
            **dict(word.split("=", 1) for word in build_options[1:]),
        }
        self.variables.pop("SSH_AUTH_SOCK", None)
        self.name = f"slipway-test-{uuid.uuid4().hex[:12]}"
        options = ("--privileged", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock")
        docker("run", "--detach", "--name", self.name, "--hostname", self.name, *options, IMAGE)
        self.exec("mkdir", "-p", "-m", "700", "/root/.ssh")
        key = (self.home / ".ssh" / "id_ed25519.pub").read_text()
        self.exec("sh", "-c", f"echo '{key.strip()}' > /root/.ssh/authorized_keys")
        wait_until(lambda: self.listens(22), 30, "sshd")
        with (folder / "config/urls.py").open("a") as file:
            file.write(PAGES)
        self.begin()

    # --- The server ---------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Its IP address."""
        return docker("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", self.name)

    def exec(self, *words: str, **options) -> str:
        """Run a command on it, as root."""
        return docker("exec", self.name, *words, **options)

    def sh(self, script: str, **options) -> str:
        """Run a shell script on it in the site's folder, as root."""
        return self.exec("sh", "-c", f"cd {FOLDER} && {script}", **options)

    def listens(self, port: int) -> bool:
        """Whether it accepts connections at a port."""
        try:
            socket.create_connection((self.address, port), timeout=2).close()
        except OSError:
            return False
        return True

    def know(self) -> None:
        """Know its key, as after a first `ssh` by hand."""
        key = self.exec("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
        (self.home / ".ssh" / "known_hosts").write_text(f"{self.address} {' '.join(key)}\n")

    def load_images(self) -> None:
        """Give it the images that a real one would pull."""
        words = ["docker", "save", "postgres:18", "caddy:2"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as saved:
            docker("exec", "--interactive", self.name, "docker", "load", stdin=saved.stdout)

    def psql(self, statement: str, database: str = "site") -> str:
        """Return what a statement gives."""
        words = f"psql --username=site --dbname={database} --no-align --tuples-only"
        return self.sh(f'docker compose exec -T db {words} -c "{statement}"')

    def received(self) -> int:
        """Return how many bytes have reached it."""
        return int(self.exec("cat", "/sys/class/net/eth0/statistics/rx_bytes"))

    def remove(self) -> None:
        """Remove it with its disk, and the images that were built."""
        docker("rm", "--force", "--volumes", self.name)
        docker("rmi", "--force", *(f"{PROJECT}:{commit}" for commit in self.commits), check=False)

    # --- The checkout -------------------------------------------------------------------------------

    def commit(self) -> str:
        """Commit, and remember it, since an image is named by it."""
        self.commits.append(super().commit())
        return self.commits[-1]

    def fab(self, *words: str, user: str = "deploy", says: str = "", check: bool = True):
        """Run a task on the server; `says` is its standard input."""
        command = ("fab", "-H", f"{user}@{self.address}", *words)
        return run(*command, cwd=self.folder, env=self.variables, input=says, timeout=300, check=check)

    # --- The site -----------------------------------------------------------------------------------

    @property
    def authority(self) -> str:
        """The file with the certificate of Caddy's own authority."""
        file = self.home / "authority.pem"
        path = "/data/caddy/pki/authorities/local/root.crt"
        if not file.exists():
            file.write_text(self.sh(f"docker compose exec -T caddy cat {path}") + "\n")
        return str(file)

    def get(self, path: str, form: dict | None = None, **headers: str) -> Response:
        """Ask the site by HTTPS, at its host name."""
        return ask_by_https(self.address, HOST, self.authority, path, form, **headers)

    def serves(self, release: str = "") -> bool:
        """Whether the first page is there, and by the container of this release."""
        try:
            if self.get("/").status != 200:
                return False
        except OSError:
            return False
        if not release:
            return True
        slot = self.sh("cat caddy/upstream")
        return release in self.sh(f"docker compose exec -T {slot} printenv RELEASE")

    @contextlib.contextmanager
    def slow_clients(self, number: int) -> Iterator[None]:
        """Let clients send a part of a form at once, more than a first buffer, then a byte a second."""
        context = ssl.create_default_context(cafile=self.authority)
        begin = f"POST /echo/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100000\r\n\r\n{'x' * 50_000}"
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(number):
                connection = stack.enter_context(socket.create_connection((self.address, 443)))
                clients.append(stack.enter_context(context.wrap_socket(connection, server_hostname=HOST)))
                clients[-1].sendall(begin.encode())
            ended = threading.Event()

            def send() -> None:
                while not ended.wait(1):
                    for client in clients:
                        client.sendall(b"x")

            thread = threading.Thread(target=send)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()

    @contextlib.contextmanager
    def load(self) -> Iterator[dict]:
        """Let many visitors come meanwhile; the dictionary says in the end what became of them."""
        script = Path(__file__).with_name("load.py")
        words = [sys.executable, script, self.address, HOST, self.authority]
        found: dict = {}
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as visitors:
            try:
                yield found
            finally:
                visitors.terminate()
                found.update(json.loads(visitors.communicate(timeout=90)[0]))


def build() -> None:
    """Build the server's image, and what stands in for the images that it takes."""
    stand_in("debian:13", IMAGES / "debian")
    stand_in("caddy:2", IMAGES / "caddy")
    docker("build", "--tag", IMAGE, IMAGES / "server")


def last(result) -> str:
    """Return what a task that failed says last; it has failed, and not by a traceback."""
    assert result.returncode != 0, result.stdout
    assert not re.search(r'File "/(?!opt|app)', result.stdout), result.stdout
    return result.stdout.strip().splitlines()[-1]
