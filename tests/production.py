"""A project served as in the image, an HTTP client, and mocks of the services that it connects to."""

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
    # Connect to the mocks directly, without this machine's proxy.
    "NO_PROXY": "*",
}
# Longer than a slow machine needs, but shorter than a page that waited for a dead service would take.
SECONDS = 60


def poll(seconds: float, condition: Callable[[], Any]) -> Any:
    """Call the condition until it is true, for at most `seconds`; return the last result."""
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return result


def wait_until(condition: Callable[[], Any], seconds: float = SECONDS, description: str = "") -> Any:
    """Call the condition until it is true, and return its result; fail after `seconds`."""
    result = poll(seconds, condition)
    assert result, f"timed out after {seconds} s: {description or condition}"
    return result


def find_free_port() -> int:
    """Return a free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- The site and its visitors ------------------------------------------------------------------------


class Production:
    """A generated project with its static files collected, as in the image."""

    def __init__(self, project: Project) -> None:
        """Build the assets and collect the static files."""
        self.project = project
        project.run("npm", "run", "build")
        self.manage("collectstatic", "--no-input", BUILDING="true")

    def manage(self, *words: str, **variables: str) -> str:
        """Run a management command in the production environment and return its output."""
        variables = {**self.variables, **variables}
        return self.project.run("python", "manage.py", *words, **variables).stdout

    def run_python(self, script: str, *arguments: str, **variables: str) -> str:
        """Run a Python script with the site loaded and return its output."""
        script = f"import config.wsgi\n{script}"
        return self.project.run("python", "-c", script, *arguments, **{**self.variables, **variables}).stdout

    @property
    def variables(self) -> dict[str, str]:
        """Return the production environment, with a database of this project alone."""
        return {**PRODUCTION, "DATABASE_URL": f"sqlite:///{self.project.folder / 'production.sqlite3'}"}

    @contextmanager
    def serve(self, **variables: str) -> Iterator["Site"]:
        """Start the site with the image's command; stop it at the end if the test has not."""
        port = find_free_port()
        log = self.project.folder / f"production-{port}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "bash/run.sh"],
                cwd=self.project.folder,
                env={
                    **self.project.variables,
                    **self.variables,
                    "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
                    # A test that acts as a TLS proxy sends its forms from this origin, over HTTP.
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
            site.wait_until_ready()
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
    url: str

    @property
    def log(self) -> str:
        """Return the site's log."""
        return self.log_file.read_text()

    def wait_until_ready(self) -> None:
        """Wait until the site responds; fail with its log if its process has ended."""

        def is_responding() -> bool:
            assert self.process.poll() is None, self.log
            try:
                return Visitor(self).get("/healthz").status == 200
            except OSError:
                return False

        wait_until(is_responding)

    def stop(self) -> int:
        """Send SIGTERM, as an orchestrator does, and return the exit code; fail after a minute."""
        self.process.terminate()
        return self.process.wait(timeout=SECONDS)


@dataclass
class Response:
    """A site's response."""

    status: int
    headers: HTTPMessage
    text: str


class Visitor:
    """An HTTP client that keeps cookies, does not follow redirects and times out after a minute."""

    def __init__(self, site: Site) -> None:
        """Visit this site."""
        self.site = site
        self.cookies = http.cookiejar.CookieJar()
        redirects = HTTPErrorProcessor()
        redirects.http_response = redirects.https_response = lambda _request, response: response
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies), redirects)

    def get(self, path: str, **headers: str) -> Response:
        """Send a GET request."""
        return self.send(path, None, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Response:
        """Request the page for its CSRF token, and send its form."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(.*?)"', self.get(path).text)
        assert token
        return self.send(path, {**form, "csrfmiddlewaretoken": token[1]}, headers)

    def send(self, path: str, form: dict[str, str] | None, headers: dict[str, str]) -> Response:
        """Send a request: a POST if there is a form, else a GET."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = urlencode(form).encode() if form else None
        request = Request(self.site.url + path, data=data, headers=headers)
        try:
            with self.opener.open(request, timeout=SECONDS) as response:
                return Response(response.status, response.headers, response.read().decode())
        except HTTPError as error:
            return Response(error.code, error.headers, error.read().decode())


# --- The services ------------------------------------------------------------------------------------


@dataclass
class ReceivedRequest:
    """A request that a mock service has received."""

    path: str
    headers: HTTPMessage
    body: bytes


@dataclass
class Service:
    """A mock of an HTTP service, which records its requests."""

    port: int
    received: list[ReceivedRequest] = field(default_factory=list)


@contextmanager
def run_http_service(response: str = "{}") -> Iterator[Service]:
    """Run an HTTP service that sends the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.received.append(ReceivedRequest(self.path, self.headers, body))
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
def run_silent_server() -> Iterator[int]:
    """Yield the port of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextmanager
def use_closed_port() -> Iterator[int]:
    """Yield a port that refuses connections."""
    yield find_free_port()
