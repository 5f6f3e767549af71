"""Helpers for Docker: commands, images, containers and requests to a site in one."""

import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.production import PRODUCTION, wait_until

# The variables of production without the database, behind a proxy that terminates TLS.
BEHIND_PROXY = {
    "SECRET_KEY": PRODUCTION["SECRET_KEY"],
    "ALLOWED_HOSTS": "www.site.test",
    "EMAIL_URL": "smtp+plain://localhost:25",
    "TRUST_PROXY": "true",
    "WEB_CONCURRENCY": "2",
}
# A load balancer's headers: production redirects other requests to HTTPS.
HEADERS = {"Host": "www.site.test", "X-Forwarded-Proto": "https", "Referer": "https://www.site.test/"}

# Files that must not be in an image, and a secret in each.
SECRET = "sentinel-6f1c0b7e5d"
UNWANTED = (
    ".env",
    ".env.production",
    ".git/config",
    ".venv/bin/python",
    ".pytest_cache/README.md",
    ".coverage",
    ".run/site.log",
    "apps/core/__pycache__/old.cpython-314.pyc",
    "apps/core/tests/test_sentinel.py",
    "db.sqlite3",
    "docs/sentinel.md",
    "media/upload.txt",
    "node_modules/left/index.js",
    "static/dist/css/stale.css",
    "staticfiles/stale.css",
    "tests/test_sentinel.py",
)


def run(
    *words: str | Path, check: bool = True, timeout: float = 300, **options
) -> subprocess.CompletedProcess:
    """Run a command; `stdout` has standard error too."""
    result = subprocess.run(
        words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **options
    )
    if check and result.returncode:
        raise AssertionError(
            f"{' '.join(map(str, words))} ended with {result.returncode}:\n{result.stdout[-6000:]}"
        )
    return result


def docker(*words: str | Path, **options) -> str:
    """Run a docker command and return its output."""
    return run("docker", *words, **options).stdout.strip()


@dataclass
class Response:
    """A site's response."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookies(self) -> dict[str, str]:
        """Return the cookies that the response sets."""
        lines = self.headers.get_all("Set-Cookie") or []
        return dict(line.split(";")[0].split("=", 1) for line in lines)


def request(
    host: str, port: int, path: str, form: dict | None = None, timeout: float = 30, **headers
) -> Response:
    """Send a request: a POST if there is a form, else a GET. Raises OSError if there is no response."""
    return send_on_connection(http.client.HTTPConnection(host, port, timeout=timeout), path, form, headers)


def request_over_https(
    address: str, host: str, ca_file: str, path: str, form: dict | None = None, **headers
) -> Response:
    """Do the same over HTTPS, to an IP address, for a host name with a certificate from `ca_file`."""
    context = ssl.create_default_context(cafile=ca_file)
    connection = http.client.HTTPConnection(host, timeout=30)
    tcp_socket = socket.create_connection((address, 443), timeout=30)
    connection.sock = context.wrap_socket(tcp_socket, server_hostname=host)
    return send_on_connection(connection, path, form, headers)


def send_on_connection(
    connection: http.client.HTTPConnection, path: str, form: dict | None, headers: dict
) -> Response:
    """Send a request on a connection, close it, and return the response."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), headers)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read().decode(errors="replace"))
    except http.client.HTTPException as error:
        raise ConnectionError(repr(error)) from error
    finally:
        connection.close()


@dataclass
class Container:
    """A container that a test has started."""

    id: str

    def inspect(self, template: str) -> str:
        """Return a part of `docker inspect`."""
        return docker("inspect", "--format", template, self.id)

    @property
    def is_running(self) -> bool:
        """Return whether the container is running."""
        return self.inspect("{{.State.Running}}") == "true"

    @property
    def address(self) -> str:
        """Return the IP address, for requests without a proxy in between."""
        return self.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def logs(self) -> str:
        """Return the container's log."""
        return docker("logs", self.id)

    def exec(self, *words: str, **options) -> str:
        """Run a command in the container."""
        return docker("exec", self.id, *words, **options)

    def get(self, path: str, form: dict | None = None, **headers) -> Response:
        """Send a request like a load balancer."""
        return request(self.address, 8000, path, form, **{**HEADERS, **headers})

    def get_status(self, path: str) -> int:
        """Return the status of a request, or 0 without a response."""
        try:
            return self.get(path, timeout=10).status
        except OSError:
            return 0

    def wait_until_ready(self, seconds: float = 90) -> "Container":
        """Wait until the site is ready, and return the container."""
        try:
            wait_until(lambda: self.get_status("/readyz") == 200 or not self.is_running, seconds)
            assert self.is_running
        except AssertionError as error:
            raise AssertionError(f"not ready:\n{self.logs()}") from error
        return self

    def wait_until_exit(self, seconds: float) -> int:
        """Wait until the container exits, and return the exit code; fail after `seconds`."""
        wait_until(lambda: not self.is_running, seconds, f"exit of\n{self.logs()}")
        return int(self.inspect("{{.State.ExitCode}}"))

    def stop(self, grace: int = 30) -> int:
        """Stop the container and return the exit code: 137 if it was killed after `grace` seconds."""
        docker("stop", "--time", str(grace), self.id)
        return int(self.inspect("{{.State.ExitCode}}"))

    def list_workers(self) -> list[int]:
        """Return the PIDs of gunicorn's workers: the children of PID 1."""
        script = (
            "import pathlib\n"
            "for p in pathlib.Path('/proc').glob('[0-9]*/stat'):\n"
            "    try: fields = p.read_text().rsplit(')', 1)[1].split()\n"
            "    except OSError: continue\n"
            "    if fields[1] == '1' and fields[0] != 'Z': print(p.parent.name)"
        )
        return sorted(map(int, self.exec("python", "-c", script).split()))


@dataclass
class Network:
    """A network for one test, and its containers; all are removed at the end of the test."""

    name: str
    containers: list[str] = field(default_factory=list)

    def run(self, image: str, *command: str, options: tuple = (), **environment: str) -> Container:
        """Start a container."""
        variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        words = ("run", "--detach", "--network", self.name, *options, *variables, image, *command)
        container = Container(docker(*words).splitlines()[-1])
        self.containers.append(container.id)
        return container

    def start_database(self) -> Container:
        """Start PostgreSQL with the alias db; return it once it accepts connections."""
        password = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "app", "POSTGRES_DB": "app"}
        container = self.run("postgres:18", options=("--network-alias", "db"), **password)
        wait_until(lambda: self.accepts_connections(container), 60, "PostgreSQL")
        return container

    @staticmethod
    def accepts_connections(database: Container) -> bool:
        """Return whether PostgreSQL accepts connections."""
        words = ("exec", database.id, "pg_isready", "--host=127.0.0.1", "--username=app", "--dbname=app")
        return run("docker", *words, check=False).returncode == 0

    def start_site(self, image: str, options: tuple = (), **environment: str) -> Container:
        """Start the production image, as in production."""
        defaults = {**BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"}
        return self.run(image, options=options, **{**defaults, **environment})

    def remove(self) -> None:
        """Remove the containers with their volumes, and the network."""
        if self.containers:
            docker("rm", "--force", "--volumes", *self.containers)
        docker("network", "rm", self.name)


def log_in(site: Container) -> dict[str, str]:
    """Create a superuser, sign in to the admin, and return the cookies."""
    words = ("manage.py", "createsuperuser", "--noinput", "--email", "admin@example.org")
    docker("exec", "--env", "DJANGO_SUPERUSER_PASSWORD=correct-horse", site.id, "python", *words)
    page = site.get("/admin/login/")
    cookies = page.cookies
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[1]
    form = {"csrfmiddlewaretoken": token, "username": "admin@example.org", "password": "correct-horse"}
    response = site.get("/admin/login/?next=/admin/", form, Cookie=format_cookies(cookies))
    assert response.status == 302, response.body
    return {**cookies, **response.cookies}


def format_cookies(cookies: dict[str, str]) -> str:
    """Return the Cookie header for these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def get_error(result: subprocess.CompletedProcess) -> str:
    """Return the last line of output of a failed task; fail if it succeeded or printed a traceback."""
    assert result.returncode != 0, result.stdout
    assert not re.search(r'File "/(?!opt|app)', result.stdout), result.stdout
    return result.stdout.strip().splitlines()[-1]


def render_broken_migration(migrations: Path) -> str:
    """Return a migration that fails, to follow the last one in the folder of the app accounts."""
    *_, last = sorted(file.stem for file in migrations.glob("0*.py"))
    return (
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [('accounts', '{last}')]\n"
        "    operations = [migrations.RunSQL('SELECT 1 / 0')]\n"
    )


# --- Images -------------------------------------------------------------------------------


def build(project: Path, tag: str, *options: str) -> dict[str, bool]:
    """Build an image; return its steps in order, and whether each was cached."""
    output = docker("build", "--progress=plain", "--tag", tag, *options, project, timeout=600)
    numbers = dict(re.findall(r"^#(\d+) (\[.*)$", output, re.MULTILINE))
    cached = set(re.findall(r"^#(\d+) CACHED$", output, re.MULTILINE))
    return {re.sub(r" +\d+/\d+\]", "]", step): number in cached for number, step in numbers.items()}


def add_build_options(script: str, build_options: tuple[str, ...]) -> str:
    """Return the script with the build options that this network needs added to `docker build`."""
    return script.replace("docker build", " ".join(("docker build", *build_options)))


def read_config(image: str) -> dict:
    """Return the image's configuration."""
    return json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))


def run_in_image(image: str, script: str, *options: str) -> str:
    """Run a shell script in a new container of the image and return its output."""
    return docker("run", "--rm", *options, image, "sh", "-c", script)


def save_layers(image: str, folder: Path) -> list[Path]:
    """Return the image's layers as tar files, the lowest first."""
    archive = folder / "image.tar"
    docker("save", "--output", archive, image)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    return [folder / layer for layer in manifest[0]["Layers"]]


def read_files(layer: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield every regular file in a layer with its content."""
    with tarfile.open(layer) as tar:
        for member in tar:
            if member.isfile():
                yield member, tar.extractfile(member).read()


def read_tree(image: str) -> dict[str, tuple]:
    """Return the mode, owner, link target and content hash of each path in an image, without times."""
    container = docker("create", image)
    export = subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE)
    entries = {}
    with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
        for member in tar:
            content = hashlib.sha256(tar.extractfile(member).read()).hexdigest() if member.isfile() else ""
            entries[member.name] = (oct(member.mode), member.uid, member.gid, member.linkname, content)
    assert export.wait() == 0
    docker("rm", container)
    return entries


def get_build_options(project: Path) -> tuple[str, ...]:
    """Return the build options that this network needs: none, or a package index for Poetry."""
    mirror = os.environ.get("POETRY_PYPI_MIRROR_URL")
    if mirror is None:
        script = "import runpy; print(runpy.run_path('fabfile/poetry.py')['find_index_without_json']())"
        mirror = run(sys.executable, "-c", script, cwd=project).stdout.splitlines()[-1]
    return ("--build-arg", f"POETRY_PYPI_MIRROR_URL={mirror}") if mirror else ()
