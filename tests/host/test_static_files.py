"""Static files over HTTP in production: two releases side by side, each served by gunicorn."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.production import PRODUCTION, find_free_port
from tests.project import Install, Project


@dataclass
class Server:
    """A release of the site, served by gunicorn."""

    project: Project
    port: int

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        """Return the response and its raw body."""
        connection = HTTPConnection("localhost", self.port, timeout=60)
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()

    def list_static_files(self) -> set[str]:
        """Return the paths of the static files that the first page and its stylesheet refer to."""
        page = self.get("/")[1].decode()
        paths = set(re.findall(r'/static/[^"]+', page))
        [style] = (path for path in paths if path.endswith(".css"))
        relative = re.findall(r'url\("?\.\./\.\./([^")]+)', self.get(style)[1].decode())
        assert relative
        return paths | {f"/static/{path}" for path in relative}


@pytest.fixture(scope="module")
def releases(cookies_session, install: Install, tmp_path_factory) -> Iterator[tuple[Server, Server]]:
    """Return two running releases, in which every referenced file differs."""
    old = install(cookies_session.bake().project_path)
    old.run("npm", "run", "build")
    new = Project(tmp_path_factory.mktemp("releases") / "new", old.variables)
    shutil.copytree(old.folder, new.folder, symlinks=True, ignore=shutil.ignore_patterns("node_modules"))
    for file in (new.folder / "static").rglob("*.*"):
        if file.suffix in {".css", ".js", ".svg"}:
            comment = "<!-- new -->" if file.suffix == ".svg" else "/* new */"
            file.write_text(f"{file.read_text()}\n{comment}")
        elif file.suffix != ".map":
            file.write_bytes(file.read_bytes() + b"\0")
    servers, processes = [], []
    for project in (old, new):
        project.run("python", "manage.py", "collectstatic", "--no-input", BUILDING="true")
        servers.append(Server(project, find_free_port()))
        log = (project.folder / "gunicorn.log").open("wb")
        address = f"127.0.0.1:{servers[-1].port}"
        processes.append(
            subprocess.Popen(
                ["gunicorn", "--config", "config/gunicorn.py", "--bind", address, "config.wsgi"],
                cwd=project.folder,
                env={**project.variables, **PRODUCTION, "DATABASE_URL": "sqlite:///production.sqlite3"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
    for server in servers:
        wait_until_serving(server)
    yield servers[0], servers[1]
    for process in processes:
        process.terminate()
        process.wait(60)


def wait_until_serving(server: Server) -> None:
    """Wait until the server responds; fail with its log after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            server.get("/healthz")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError((server.project.folder / "gunicorn.log").read_text())


def test_each_release_serves_the_files_of_the_other(releases: tuple[Server, Server]) -> None:
    """During a rolling release, both releases serve every static file that a page refers to.

    Only a release's own files are cached.
    """
    for own, other in (releases, releases[::-1]):
        paths = own.list_static_files()
        assert len(paths) >= 8
        for path in paths:
            response, content = own.get(path)
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"], path
            other_response, other_content = other.get(path, If_None_Match=response.headers["ETag"])
            assert other_response.status == 200, path
            assert other_response.headers["Cache-Control"] == "no-store"
            assert other_response.headers["Content-Type"] == response.headers["Content-Type"]
            assert other_content
            assert other_content != content


def test_a_missing_file_is_not_cached(releases: tuple[Server, Server]) -> None:
    """A missing static file gets a 404 that is not cached."""
    response, _ = releases[0].get("/static/dist/css/none.0123456789ab.css")
    assert (response.status, response.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("", None)]
)
def test_files_are_sent_compressed(
    releases: tuple[Server, Server], accepted: str, encoding: str | None
) -> None:
    """Static files are sent with Brotli if the browser accepts it, else with gzip, else uncompressed."""
    path = next(path for path in releases[0].list_static_files() if path.endswith(".css"))
    _, plain = releases[0].get(path)
    response, content = releases[0].get(path, Accept_Encoding=accepted)
    assert response.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert int(response.headers["Content-Length"]) == len(content)
    assert (len(content) < len(plain)) == bool(encoding)


def test_conditional_and_range_requests(releases: tuple[Server, Server]) -> None:
    """An unchanged static file gets a 304; a range request gets a 206, or a 416 beyond the end."""
    path = next(path for path in releases[0].list_static_files() if path.endswith(".woff2"))
    response, content = releases[0].get(path)
    unchanged, nothing = releases[0].get(path, If_None_Match=response.headers["ETag"])
    assert (unchanged.status, nothing) == (304, b"")
    assert unchanged.headers["Cache-Control"] == response.headers["Cache-Control"]
    part, part_content = releases[0].get(path, Range="bytes=10-109")
    assert (part.status, part_content) == (206, content[10:110])
    assert part.headers["Content-Range"] == f"bytes 10-109/{len(content)}"
    _, last = releases[0].get(path, Range="bytes=-10")
    assert last == content[-10:]
    assert releases[0].get(path, Range=f"bytes={len(content)}-")[0].status == 416
    head, nothing = releases[0].get(path, "HEAD")
    assert (head.status, head.headers["Content-Length"], nothing) == (200, str(len(content)), b"")


def test_a_missing_file_fails_collectstatic(project: Project) -> None:
    """`collectstatic` fails for a missing static file, with the template, the line and the file name."""
    project.run("npm", "run", "build")
    page = project.folder / "apps" / "core" / "templates" / "core" / "home.html"
    page.write_text(page.read_text() + '{% load static %}\n{% static "images/gone.svg" %}\n')
    line = len(page.read_text().splitlines())
    result = project.run("python", "manage.py", "collectstatic", "--no-input", check=False, BUILDING="true")
    assert result.returncode == 1
    place = f"apps/core/templates/core/home.html:{line}: "
    [problems] = [text for text in result.stdout.splitlines() if text.startswith(place)]
    assert "'images/gone.svg'" in problems
    assert "Traceback" not in result.stdout
    assert not (project.folder / "staticfiles").exists()
