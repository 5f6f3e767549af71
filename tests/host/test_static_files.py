"""Static files over HTTP as production serves them: two releases side by side, each under gunicorn."""

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
    """One release of the site, served by gunicorn."""

    project: Project
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        """Return the response and its body as it was sent, not unpacked."""
        connection = HTTPConnection("localhost", self.port, timeout=60)
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()

    def assets(self) -> set[str]:
        """Return the addresses of the static files that the first page and its stylesheet name."""
        page = self.ask("/")[1].decode()
        found = set(re.findall(r'/static/[^"]+', page))
        [style] = (path for path in found if path.endswith(".css"))
        relative = re.findall(r'url\("?\.\./\.\./([^")]+)', self.ask(style)[1].decode())
        assert relative
        return found | {f"/static/{path}" for path in relative}


@pytest.fixture(scope="module")
def releases(cookies_session, install: Install, tmp_path_factory) -> Iterator[tuple[Server, Server]]:
    """Return two releases that serve at the same time; every file that they name differs."""
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
        wait_for(server)
    yield servers[0], servers[1]
    for process in processes:
        process.terminate()
        process.wait(60)


def wait_for(server: Server) -> None:
    """Return when the server answers; fail with its log after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            server.ask("/healthz")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError((server.project.folder / "gunicorn.log").read_text())


def test_a_page_of_one_release_finds_its_files_in_the_other(releases: tuple[Server, Server]) -> None:
    """During a rolling release, both releases serve every file that a page names.

    The other release's response is not cached, its own is cached permanently.
    """
    for own, other in (releases, releases[::-1]):
        assets = own.assets()
        assert len(assets) >= 8
        for path in assets:
            response, content = own.ask(path)
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"], path
            foreign, foreign_content = other.ask(path, If_None_Match=response.headers["ETag"])
            assert foreign.status == 200, path
            assert foreign.headers["Cache-Control"] == "no-store"
            assert foreign.headers["Content-Type"] == response.headers["Content-Type"]
            assert foreign_content
            assert foreign_content != content


def test_a_missing_file_is_not_cached(releases: tuple[Server, Server]) -> None:
    """A missing file is a 404 that no cache keeps."""
    response, _ = releases[0].ask("/static/dist/css/none.0123456789ab.css")
    assert (response.status, response.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("", None)]
)
def test_files_are_sent_compressed(
    releases: tuple[Server, Server], accepted: str, encoding: str | None
) -> None:
    """Brotli if the browser accepts it, else gzip, else uncompressed; `Vary` keeps caches apart."""
    path = next(path for path in releases[0].assets() if path.endswith(".css"))
    _, plain = releases[0].ask(path)
    response, content = releases[0].ask(path, Accept_Encoding=accepted)
    assert response.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert int(response.headers["Content-Length"]) == len(content)
    assert (len(content) < len(plain)) == bool(encoding)


def test_conditional_and_range_requests(releases: tuple[Server, Server]) -> None:
    """An unchanged file is a 304 without content; a range is a 206 with that part, or a 416."""
    path = next(path for path in releases[0].assets() if path.endswith(".woff2"))
    response, content = releases[0].ask(path)
    unchanged, nothing = releases[0].ask(path, If_None_Match=response.headers["ETag"])
    assert (unchanged.status, nothing) == (304, b"")
    assert unchanged.headers["Cache-Control"] == response.headers["Cache-Control"]
    part, some = releases[0].ask(path, Range="bytes=10-109")
    assert (part.status, some) == (206, content[10:110])
    assert part.headers["Content-Range"] == f"bytes 10-109/{len(content)}"
    _, last = releases[0].ask(path, Range="bytes=-10")
    assert last == content[-10:]
    assert releases[0].ask(path, Range=f"bytes={len(content)}-")[0].status == 416
    head, nothing = releases[0].ask(path, "HEAD")
    assert (head.status, head.headers["Content-Length"], nothing) == (200, str(len(content)), b"")


def test_a_missing_file_fails_collectstatic(project: Project) -> None:
    """`collectstatic`, and with it the image's build, fails with the template, the line and the name."""
    project.run("npm", "run", "build")
    page = project.folder / "apps" / "core" / "templates" / "core" / "home.html"
    page.write_text(page.read_text() + '{% load static %}\n{% static "images/gone.svg" %}\n')
    line = len(page.read_text().splitlines())
    refused = project.run("python", "manage.py", "collectstatic", "--no-input", check=False, BUILDING="true")
    assert refused.returncode == 1
    place = f"apps/core/templates/core/home.html:{line}: "
    [problems] = [text for text in refused.stdout.splitlines() if text.startswith(place)]
    assert "'images/gone.svg'" in problems
    assert "Traceback" not in refused.stdout
    assert not (project.folder / "staticfiles").exists()
