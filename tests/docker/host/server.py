"""A server with its own Docker engine, and a checkout that is deployed to it."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.docker.commits import Commits
from tests.docker.conftest import build_substitute
from tests.docker.engine import Response, docker, request_over_https, run
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
        """Start the server; make `folder` a checkout with one commit, and create a home folder next to it."""
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
        self.init_repository()

    # --- The server ---------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Return the server's IP address."""
        return docker("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", self.name)

    def exec(self, *words: str, **options) -> str:
        """Run a command on the server as root."""
        return docker("exec", self.name, *words, **options)

    def run_script(self, script: str, **options) -> str:
        """Run a shell script in the site's folder on the server as root."""
        return self.exec("sh", "-c", f"cd {FOLDER} && {script}", **options)

    def listens(self, port: int) -> bool:
        """Return whether the server accepts connections on a port."""
        try:
            socket.create_connection((self.address, port), timeout=2).close()
        except OSError:
            return False
        return True

    def add_known_host(self) -> None:
        """Add the server's key to known_hosts."""
        key = self.exec("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
        (self.home / ".ssh" / "known_hosts").write_text(f"{self.address} {' '.join(key)}\n")

    def load_images(self) -> None:
        """Load the images that a real server would pull."""
        command = ["docker", "save", "postgres:18", "caddy:2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as saved:
            docker("exec", "--interactive", self.name, "docker", "load", stdin=saved.stdout)

    def psql(self, statement: str, database: str = "site") -> str:
        """Run SQL and return its output."""
        options = f"psql --username=site --dbname={database} --no-align --tuples-only"
        return self.run_script(f'docker compose exec -T db {options} -c "{statement}"')

    def count_received_bytes(self) -> int:
        """Return the number of bytes that the server has received."""
        return int(self.exec("cat", "/sys/class/net/eth0/statistics/rx_bytes"))

    def remove(self) -> None:
        """Remove the server with its disk, and the images that were built."""
        docker("rm", "--force", "--volumes", self.name)
        docker("rmi", "--force", *(f"{PROJECT}:{commit}" for commit in self.commits), check=False)

    # --- The checkout -------------------------------------------------------------------------------

    def commit(self) -> str:
        """Commit, and remember the commit, which is an image's tag."""
        self.commits.append(super().commit())
        return self.commits[-1]

    def fab(self, *words: str, user: str = "deploy", stdin: str = "", check: bool = True):
        """Run a task on the server; `stdin` is its standard input."""
        command = ("fab", "-H", f"{user}@{self.address}", *words)
        return run(*command, cwd=self.folder, env=self.variables, input=stdin, timeout=300, check=check)

    # --- The site -----------------------------------------------------------------------------------

    @property
    def authority(self) -> str:
        """Return the file with the certificate of Caddy's internal authority."""
        file = self.home / "authority.pem"
        path = "/data/caddy/pki/authorities/local/root.crt"
        if not file.exists():
            file.write_text(self.run_script(f"docker compose exec -T caddy cat {path}") + "\n")
        return str(file)

    def get(self, path: str, form: dict | None = None, **headers: str) -> Response:
        """Send a request over HTTPS to the site's host name."""
        return request_over_https(self.address, HOST, self.authority, path, form, **headers)

    def serves(self, release: str = "") -> bool:
        """Return whether the first page has status 200, from a container of this release."""
        try:
            if self.get("/").status != 200:
                return False
        except OSError:
            return False
        if not release:
            return True
        slot = self.run_script("cat caddy/upstream")
        return release in self.run_script(f"docker compose exec -T {slot} printenv RELEASE")

    @contextlib.contextmanager
    def run_slow_clients(self, number: int) -> Iterator[None]:
        """Let clients send half of a form, which exceeds the first buffer, and then a byte per second."""
        context = ssl.create_default_context(cafile=self.authority)
        start_of_request = (
            f"POST /echo/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100000\r\n\r\n{'x' * 50_000}"
        )
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(number):
                connection = stack.enter_context(socket.create_connection((self.address, 443)))
                clients.append(stack.enter_context(context.wrap_socket(connection, server_hostname=HOST)))
                clients[-1].sendall(start_of_request.encode())
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
    def run_load(self) -> Iterator[dict]:
        """Send many requests meanwhile; the dictionary has the results at the end."""
        script = Path(__file__).with_name("load.py")
        command = [sys.executable, script, self.address, HOST, self.authority]
        results: dict = {}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield results
            finally:
                process.terminate()
                results.update(json.loads(process.communicate(timeout=90)[0]))


def build_images() -> None:
    """Build the server's image, and substitutes for the images that it needs."""
    build_substitute("debian:13", IMAGES / "debian")
    build_substitute("caddy:2", IMAGES / "caddy")
    docker("build", "--tag", IMAGE, IMAGES / "server")
