"""Docker as these tests use it: commands, images, containers, and what a site in one answers."""

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

# The variables of production, without the database, behind a proxy that speaks HTTPS.
BEHIND_PROXY = {
    "SECRET_KEY": PRODUCTION["SECRET_KEY"],
    "ALLOWED_HOSTS": "www.site.test",
    "EMAIL_URL": "smtp+plain://localhost:25",
    "TRUST_PROXY": "true",
    "WEB_CONCURRENCY": "2",
}
# A load balancer's headers: production redirects what did not come by HTTPS.
HEADERS = {"Host": "www.site.test", "X-Forwarded-Proto": "https", "Referer": "https://www.site.test/"}

# Files of daily work that must not be in an image, and a mark in each.
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
    """Run a command; its output, errors included, is in `stdout`."""
    result = subprocess.run(
        words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **options
    )
    if check and result.returncode:
        raise AssertionError(
            f"{' '.join(map(str, words))} ended with {result.returncode}:\n{result.stdout[-6000:]}"
        )
    return result


def docker(*words: str | Path, **options) -> str:
    """Run a docker command and return what it prints."""
    return run("docker", *words, **options).stdout.strip()


@dataclass
class Response:
    """A site's response."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that it set."""
        lines = self.headers.get_all("Set-Cookie") or []
        return dict(line.split(";")[0].split("=", 1) for line in lines)


def ask(
    host: str, port: int, path: str, form: dict | None = None, timeout: float = 30, **headers
) -> Response:
    """Send one request, a POST if there is a form, and return the answer; raises OSError if none comes."""
    return send(http.client.HTTPConnection(host, port, timeout=timeout), path, form, headers)


def ask_by_https(
    address: str, host: str, authority: str, path: str, form: dict | None = None, **headers
) -> Response:
    """Do the same by HTTPS, at an IP address, for a host name that the file `authority` vouches for."""
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPConnection(host, timeout=30)
    plain = socket.create_connection((address, 443), timeout=30)
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    return send(connection, path, form, headers)


def send(connection: http.client.HTTPConnection, path: str, form: dict | None, headers: dict) -> Response:
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
        """Whether it runs."""
        return self.inspect("{{.State.Running}}") == "true"

    @property
    def address(self) -> str:
        """The IP address, at which nothing stands between a test and the site."""
        return self.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def logs(self) -> str:
        """Return what it has printed."""
        return docker("logs", self.id)

    def exec(self, *words: str, **options) -> str:
        """Run a command in it."""
        return docker("exec", self.id, *words, **options)

    def get(self, path: str, form: dict | None = None, **headers) -> Response:
        """Ask the site as a load balancer does."""
        return ask(self.address, 8000, path, form, **{**HEADERS, **headers})

    def status(self, path: str) -> int:
        """Return the status of a path; 0 if there is no answer."""
        try:
            return self.get(path, timeout=10).status
        except OSError:
            return 0

    def ready(self, seconds: float = 90) -> "Container":
        """Return itself once it is ready to serve."""
        try:
            wait_until(lambda: self.status("/readyz") == 200 or not self.is_running, seconds)
            assert self.is_running
        except AssertionError as error:
            raise AssertionError(f"not ready:\n{self.logs()}") from error
        return self

    def ended(self, seconds: float) -> int:
        """Return its exit code; fail if it does not end within `seconds`."""
        wait_until(lambda: not self.is_running, seconds, f"end of\n{self.logs()}")
        return int(self.inspect("{{.State.ExitCode}}"))

    def stop(self, grace: int = 30) -> int:
        """Stop it and return the exit code: 137 if it took longer than `grace` seconds and was killed."""
        docker("stop", "--time", str(grace), self.id)
        return int(self.inspect("{{.State.ExitCode}}"))

    def workers(self) -> list[int]:
        """Return the process numbers of gunicorn's workers: the children of the first process."""
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
    """A network of one test, and the containers in it; everything goes when the test ends."""

    name: str
    containers: list[str] = field(default_factory=list)

    def run(self, image: str, *command: str, options: tuple = (), **environment: str) -> Container:
        """Start a container."""
        variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        words = ("run", "--detach", "--network", self.name, *options, *variables, image, *command)
        container = Container(docker(*words).splitlines()[-1])
        self.containers.append(container.id)
        return container

    def database(self) -> Container:
        """Start PostgreSQL under the name db, and return it once it accepts connections."""
        password = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "app", "POSTGRES_DB": "app"}
        container = self.run("postgres:18", options=("--network-alias", "db"), **password)
        wait_until(lambda: self.accepts_connections(container), 60, "PostgreSQL")
        return container

    @staticmethod
    def accepts_connections(database: Container) -> bool:
        """Whether PostgreSQL accepts connections."""
        words = ("exec", database.id, "pg_isready", "--host=127.0.0.1", "--username=app", "--dbname=app")
        return run("docker", *words, check=False).returncode == 0

    def site(self, image: str, options: tuple = (), **environment: str) -> Container:
        """Start the production image, as production would."""
        defaults = {**BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"}
        return self.run(image, options=options, **{**defaults, **environment})

    def remove(self) -> None:
        """Remove the containers with their volumes, and the network."""
        if self.containers:
            docker("rm", "--force", "--volumes", *self.containers)
        docker("network", "rm", self.name)


def log_in(site: Container) -> dict[str, str]:
    """Make a superuser, sign in to the admin as a browser does, and return the cookies."""
    words = ("manage.py", "createsuperuser", "--noinput", "--email", "admin@example.org")
    docker("exec", "--env", "DJANGO_SUPERUSER_PASSWORD=correct-horse", site.id, "python", *words)
    page = site.get("/admin/login/")
    cookies = page.cookies
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[1]
    form = {"csrfmiddlewaretoken": token, "username": "admin@example.org", "password": "correct-horse"}
    response = site.get("/admin/login/?next=/admin/", form, Cookie=cookie_line(cookies))
    assert response.status == 302, response.body
    return {**cookies, **response.cookies}


def cookie_line(cookies: dict[str, str]) -> str:
    """Return the header that sends these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


# --- Images -------------------------------------------------------------------------------


def build(project: Path, tag: str, *options: str) -> dict[str, bool]:
    """Build an image; return its steps in order, each with whether it came from the cache."""
    printed = docker("build", "--progress=plain", "--tag", tag, *options, project, timeout=600)
    numbers = dict(re.findall(r"^#(\d+) (\[.*)$", printed, re.MULTILINE))
    cached = set(re.findall(r"^#(\d+) CACHED$", printed, re.MULTILINE))
    return {re.sub(r" +\d+/\d+\]", "]", step): number in cached for number, step in numbers.items()}


def on_this_network(script: str, build_options: tuple[str, ...]) -> str:
    """Return the script with what a bare `docker build` in it needs on this network."""
    return script.replace("docker build", " ".join(("docker build", *build_options)))


def config(image: str) -> dict:
    """Return what the image says of how to run it."""
    return json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))


def in_image(image: str, script: str, *options: str) -> str:
    """Return what a shell script prints in a new container of the image."""
    return docker("run", "--rm", *options, image, "sh", "-c", script)


def layers(image: str, folder: Path) -> list[Path]:
    """Return the image's layers as tar files, lowest first."""
    archive = folder / "image.tar"
    docker("save", "--output", archive, image)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    return [folder / layer for layer in manifest[0]["Layers"]]


def files(layer: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield every regular file of a layer with its content."""
    with tarfile.open(layer) as tar:
        for member in tar:
            if member.isfile():
                yield member, tar.extractfile(member).read()


def tree(image: str) -> dict[str, tuple]:
    """Return all paths of an image, each with its mode, owner and content's hash, but not its time."""
    container = docker("create", image)
    export = subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE)
    found = {}
    with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
        for member in tar:
            content = hashlib.sha256(tar.extractfile(member).read()).hexdigest() if member.isfile() else ""
            found[member.name] = (oct(member.mode), member.uid, member.gid, member.linkname, content)
    assert export.wait() == 0
    docker("rm", container)
    return found


def build_options(project: Path) -> tuple[str, ...]:
    """Return what a build needs on this network: nothing, or the index that Poetry is to read."""
    mirror = os.environ.get("POETRY_PYPI_MIRROR_URL")
    if mirror is None:
        script = "import runpy; print(runpy.run_path('fabfile/poetry.py')['find_index_without_json']())"
        mirror = run(sys.executable, "-c", script, cwd=project).stdout.splitlines()[-1]
    return ("--build-arg", f"POETRY_PYPI_MIRROR_URL={mirror}") if mirror else ()
