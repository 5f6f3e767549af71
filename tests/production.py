"""A project served as the image serves it, a visitor, and stand-ins for the services it talks to."""

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPErrorProcessor, ProxyHandler, Request, build_opener

from tests.project import Project

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "localhost",
    "EMAIL_URL": "console://",
    "HTTPS": "false",
    "WEB_CONCURRENCY": "1",
    "DRAIN_SECONDS": "0",
    # Nothing on this machine stands between the site and the stand-ins.
    "NO_PROXY": "*",
}
# Longer than any machine needs, shorter than what a page would wait for a dead service.
SECONDS = 60


def within(seconds: float, question: Callable[[], Any]) -> Any:
    """Call until the result is true, for `seconds` at most; return the last result."""
    deadline = time.monotonic() + seconds
    while not (result := question()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return result


def eventually(question: Callable[[], Any], seconds: float = SECONDS, what: str = "") -> Any:
    """Call until the result is true, and return it; fail after `seconds`."""
    result = within(seconds, question)
    assert result, f"not within {seconds} s: {what or question}"
    return result


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- The site and who visits it ----------------------------------------------------------------------


class Production:
    """A generated project with its static files collected, as in the image."""

    def __init__(self, project: Project) -> None:
        """Build the assets and collect the static files."""
        self.project = project
        project.run("npm", "run", "build")
        self.manage("collectstatic", "--no-input", BUILDING="true")

    def manage(self, *words: str, **variables: str) -> str:
        """Run one of Django's commands in production's environment, and return what it prints."""
        variables = {**self.variables, **variables}
        return self.project.run("python", "manage.py", *words, **variables).stdout

    def python(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a script with the site loaded, and return what it prints."""
        script = f"import config.wsgi\n{script}"
        return self.project.run("python", "-c", script, *arguments, **{**self.variables, **variables}).stdout

    @property
    def variables(self) -> dict[str, str]:
        """The environment, with a database that no other test has."""
        return {**PRODUCTION, "DATABASE_URL": f"sqlite:///{self.project.folder / 'production.sqlite3'}"}

    @contextmanager
    def serve(self, **variables: str) -> Iterator["Site"]:
        """Start the site by the image's own command, and stop it in the end if the test has not."""
        port = free_port()
        log = self.project.folder / f"production-{port}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "bash/run.sh"],
                cwd=self.project.folder,
                env={
                    **self.project.variables,
                    **self.variables,
                    "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
                    # If a test stands in for a proxy, forms come from here, and not by HTTPS.
                    "CSRF_TRUSTED_ORIGINS": f"http://localhost:{port}",
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        site = Site(process, log, f"http://localhost:{port}")
        try:
            site.wait_until_it_responds()
            yield site
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass
class Site:
    """A running site."""

    process: subprocess.Popen
    log_file: Path
    address: str

    @property
    def log(self) -> str:
        """Return its output."""
        return self.log_file.read_text()

    def wait_until_it_responds(self) -> None:
        """Return when it responds; fail with its log if it has ended."""

        def is_responding() -> bool:
            assert self.process.poll() is None, self.log
            try:
                return Visitor(self).get("/healthz").status == 200
            except OSError:
                return False

        eventually(is_responding)

    def stop(self) -> int:
        """Stop it as an orchestrator does; return the exit code, and fail if it takes a minute."""
        self.process.terminate()
        return self.process.wait(timeout=SECONDS)


@dataclass
class Response:
    """A site's response."""

    status: int
    headers: HTTPMessage
    text: str


class Visitor:
    """A browser that keeps cookies, follows no redirect and waits a minute for a page."""

    def __init__(self, site: Site) -> None:
        """Visit this site."""
        self.site = site
        self.cookies = http.cookiejar.CookieJar()
        redirects = HTTPErrorProcessor()
        redirects.http_response = redirects.https_response = lambda _request, response: response
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies), redirects)

    def get(self, path: str, **headers: str) -> Response:
        """Ask for a page."""
        return self.send(path, None, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Response:
        """Open the page and send its form."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(.*?)"', self.get(path).text)
        assert token
        return self.send(path, {**form, "csrfmiddlewaretoken": token[1]}, headers)

    def send(self, path: str, form: dict[str, str] | None, headers: dict[str, str]) -> Response:
        """Send a request, a POST if there is a form."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = urlencode(form).encode() if form else None
        request = Request(self.site.address + path, data=data, headers=headers)
        try:
            with self.opener.open(request, timeout=SECONDS) as response:
                return Response(response.status, response.headers, response.read().decode())
        except HTTPError as error:
            return Response(error.code, error.headers, error.read().decode())


# --- The services ------------------------------------------------------------------------------------


@dataclass
class Received:
    """A request that a stand-in has got."""

    path: str
    headers: HTTPMessage
    body: bytes


@dataclass
class Service:
    """A stand-in for a service on HTTP, which keeps what it is sent."""

    port: int
    received: list[Received] = field(default_factory=list)


@contextmanager
def listening(response: str = "{}") -> Iterator[Service]:
    """Return a service that gives the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.received.append(Received(self.path, self.headers, body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(response)))
            self.end_headers()
            self.wfile.write(response.encode())

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent() -> Iterator[int]:
    """Return the port of a service that accepts calls and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextmanager
def gone() -> Iterator[int]:
    """Return the port of a service that is not there."""
    yield free_port()
