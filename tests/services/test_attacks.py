"""How gunicorn and the site respond to malicious requests."""

import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from tests.production import Production, Site, Visitor

SECONDS = 60
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /account/login/ HTTP/1.1\r\n"
# A fixed seed makes failures reproducible.
SEED = 4711
FUZZ_SECONDS = 10
# The CSRF cookie and token: any value, if they match.
TOKEN = "x" * 32


@pytest.fixture(scope="module")
def target(production: Production) -> Iterator[Site]:
    """Return a site with two worker processes."""
    with production.serve(WEB_CONCURRENCY="2", WEB_THREADS="8") as site:
        yield site


def connect(site: Site) -> socket.socket:
    """Connect to the site."""
    port = int(site.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def send_bytes(site: Site, request: bytes) -> list[int]:
    """Send these bytes and close the connection for writing; return the status of each response."""
    received = b""
    with connect(site) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", received, re.MULTILINE)]


def check_not_smuggled(site: Site) -> None:
    """Fail if the site has received the request that was hidden in another."""
    assert '"path": "/smuggled' not in site.log


# --- Request smuggling ------------------------------------------------------------------------------

CHUNKED = b"0\r\n\r\n" + SMUGGLED
AMBIGUOUS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + CHUNKED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    "two lengths in one": b"Content-Length: 0, 44\r\n\r\n" + SMUGGLED,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a negative length": b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length in hexadecimal": b"Content-Length: 0x0\r\n\r\n" + SMUGGLED,
    "a length with an underscore": b"Content-Length: 0_0\r\n\r\n" + SMUGGLED,
    "a space before the colon": b"Content-Length : 44\r\n\r\n" + SMUGGLED,
    "chunks, a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED,
    "chunks that are not the last": b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "chunks twice in one": b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKED,
    "unknown chunks": b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
    "chunks in quotes": b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKED,
    "chunks after a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKED,
    "chunks after a zero byte": b"Transfer-Encoding: \x00chunked\r\n\r\n" + CHUNKED,
    "a folded line": b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED,
    "a bare carriage return": b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "a bare line feed": b"X: y\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "two hosts": b"Host: evil.test\r\n\r\n" + SMUGGLED,
    "a name with a space": b"Bad Name: x\r\n\r\n" + SMUGGLED,
    "a name with a zero byte": b"Bad\x00Name: x\r\n\r\n" + SMUGGLED,
    "a name that is not ASCII": b"B\xe4d: x\r\n\r\n" + SMUGGLED,
    "no name": b": x\r\n\r\n" + SMUGGLED,
    "no colon": b"Transfer-Encoding chunked\r\n\r\n" + SMUGGLED,
    "a long header": b"X: " + b"x" * 10_000 + b"\r\n\r\n" + SMUGGLED,
    "many headers": b"".join(b"X-%d: x\r\n" % n for n in range(200)) + b"\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_request_is_rejected(target: Site, headers: bytes) -> None:
    """A request with an ambiguous length or malformed headers is rejected.

    The bytes after it, which a proxy may take for its body, get no response.
    """
    [status] = send_bytes(target, POST + headers)
    assert status in {400, 431, 501}
    check_not_smuggled(target)


BAD_CHUNKS = {
    "a size with a prefix": b"0x0\r\n\r\n" + SMUGGLED,
    "a negative size": b"-1\r\n\r\n" + SMUGGLED,
    "a size with an underscore": b"0_0\r\n\r\n" + SMUGGLED,
    "no size": b"\r\n\r\n" + SMUGGLED,
    "a bare line feed": b"0\n\n" + SMUGGLED,
    "a line feed in an extension": b"0;\nx\r\n\r\n" + SMUGGLED,
    "a chunk longer than its size": b"1\r\nxx\r\n0\r\n\r\n" + SMUGGLED,
    "a length in the trailer": b"0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_malformed_chunks_end_the_connection(target: Site, chunks: bytes) -> None:
    """After malformed chunks, nothing on the connection gets a response."""
    responses = send_bytes(target, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert set(responses) <= {400, 411}
    check_not_smuggled(target)


REQUEST_LINES = {
    "no version": b"GET /smuggled\r\n\r\n",
    "an unknown version": b"GET /smuggled HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "a space in the path": b"GET /smug gled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a zero byte in the path": b"GET /smuggled\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long path": b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a lower-case method": b"get /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("line", REQUEST_LINES.values(), ids=REQUEST_LINES)
def test_malformed_request_line_is_rejected(target: Site, line: bytes) -> None:
    """A request with a malformed request line is rejected before it reaches the site."""
    assert send_bytes(target, line) in ([400], [414], [505], [])
    check_not_smuggled(target)


def test_pipelined_requests_get_a_response_each(target: Site) -> None:
    """Pipelined requests each get a response, so a smuggled request would be noticed."""
    assert send_bytes(target, GET + b"Host: localhost\r\n\r\n" + GET + b"Host: localhost\r\n\r\n") == [
        200,
        200,
    ]


# --- Large bodies ------------------------------------------------------------------------------------


def test_long_body_is_rejected_before_it_is_sent(target: Site) -> None:
    """A Content-Length over the limit gets a 413 before the body is sent."""
    with connect(target) as connection:
        connection.sendall(POST + b"Content-Length: 99999999999\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def send_until(connection: socket.socket, end: float) -> None:
    """Send chunks until `end`."""
    while time.monotonic() < end:
        connection.sendall(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n")


def test_endless_body_is_rejected(target: Site) -> None:
    """A chunked body gets a 411, and a client that keeps sending is disconnected."""
    begin = time.monotonic()
    with connect(target) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 411 ")
        with pytest.raises(ConnectionError):
            send_until(connection, begin + SECONDS)
    assert Visitor(target).get("/healthz").status == 200


# --- Hosts, proxies and rate limits ------------------------------------------------------------------

HOSTS = [b"Host: evil.test", b"Host: localhost.evil.test", b"Host: localhost@evil.test", b"Host: ", b"X: y"]


@pytest.mark.parametrize("header", HOSTS)
def test_unknown_host_is_rejected(target: Site, header: bytes) -> None:
    """A missing or unknown Host header gets a 400, whatever X-Forwarded-Host contains."""
    forged = b"\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n"
    assert send_bytes(target, GET + header + forged) == [400]


@pytest.mark.parametrize(("trust", "status"), [("false", 301), ("true", 200)])
def test_forwarded_proto_needs_trust_proxy(production: Production, trust: str, status: int) -> None:
    """X-Forwarded-Proto is used only with TRUST_PROXY, also in requests from localhost."""
    with production.serve(HTTPS="true", TRUST_PROXY=trust) as site:
        assert Visitor(site).get("/", X_Forwarded_Proto="https").status == status
        # From a trusted proxy, gunicorn would use this header as the path.
        assert Visitor(site).get("/", X_Forwarded_Proto="https", PATH_INFO="/nowhere").status == status


def test_workers_share_the_rate_limit(target: Site) -> None:
    """All worker processes share the rate limit: of sixteen concurrent attempts, ten are checked."""
    barrier = threading.Barrier(16)
    responses: list[int] = []

    def try_password() -> None:
        form = urlencode({"username": "x@site.test", "password": "wrong", "csrfmiddlewaretoken": TOKEN})
        lines = f"Cookie: csrftoken={TOKEN}\r\nContent-Type: {TYPES[0]}\r\nContent-Length: {len(form)}\r\n"
        with connect(target) as connection:
            barrier.wait(SECONDS)
            connection.sendall(POST + f"{lines}\r\n{form}".encode())
            responses.append(int(connection.recv(65_536).split()[1]))

    threads = [threading.Thread(target=try_password) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(responses) == [200] * 10 + [429] * 6


# --- Fuzzing -----------------------------------------------------------------------------------------

LIST_PATHS = r"""
import json
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.contrib.auth import login
from django.urls import get_resolver

def paths(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        yield from paths(pattern.url_patterns, path) if hasattr(pattern, "url_patterns") else [path]

request = RequestFactory().get("/")
request.session = SessionStore()
user = get_user_model().objects.create_superuser("fuzz@site.test", None)
login(request, user, "apps.accounts.backends.LimitedBackend")
request.session.save()
known = sorted(set(paths(get_resolver().url_patterns)))
print(json.dumps({"paths": known, "session": request.session.session_key}))
"""
WORDS = [
    *(
        "",
        "0",
        "1",
        "-1",
        "9" * 40,
        "null",
        "true",
        "x" * 3000,
        "on",
        "2026-11-24",
        "25:99",
        "%",
        "%00",
        "\x00",
    ),
    *(
        "'",
        '"',
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "{{ 7*7 }}",
        "{% now %}",
        "../../etc/passwd",
        "\\",
    ),
    *(
        "نص",
        "🚀",
        "\ufeff",
        "\u202e",
        "\ud7ff",
        "ﬀ",
        "İ",
        "\r\nX: y",
        "a@b.test",
        "fuzz@site.test",
        "__proto__",
    ),
]
NAMES = [
    *(
        "username",
        "password",
        "email",
        "name",
        "next",
        "q",
        "o",
        "p",
        "all",
        "e",
        "_popup",
        "_to_field",
        "action",
    ),
    *("new_password1", "new_password2", "old_password", "_selected_action", "select_across", "index", "term"),
    *(
        "app_label",
        "model_name",
        "field_name",
        "is_active",
        "is_active__exact",
        "groups__id__exact",
        "email__exact",
    ),
    *(
        "password__startswith",
        "id__in",
        "csrfmiddlewaretoken",
        "_save",
        "_continue",
        "_saveasnew",
        "object_id",
    ),
    *("last_login_0", "last_login_1", "groups", "user_permissions", "usable_password", "language", "post"),
]
HEADERS = [
    *(
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Referer",
        "Origin",
        "User-Agent",
        "If-None-Match",
        "Range",
    ),
    *("If-Modified-Since", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID", "Authorization", "Cookie"),
    *("Sec-Fetch-Site", "X-Requested-With", "Expect", "Upgrade", "Te", "Accept-Charset"),
]
TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json",
    "x",
    "text/plain",
]
METHODS = (
    ["GET"] * 6 + ["POST"] * 6 + ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"]
)


class Fuzzer:
    """Generate random requests, reproducible by the seed."""

    def __init__(self, paths: list[str], session: str, seed: int) -> None:
        """Store the site's URL patterns and a superuser's session key."""
        self.paths = [*paths, "static/x", "favicon.ico", "robots.txt", ".env", "healthz", "readyz"]
        self.session, self.random = session, random.Random(seed)

    def pick_value(self) -> str:
        """Return a random value."""
        if self.random.random() < 0.2:
            return "".join(chr(self.random.choice([*range(128), 0xFF, 0x7FF, 0xFFFF])) for _ in range(8))
        return self.random.choice(WORDS)

    def make_form(self) -> str:
        """Return random fields, URL-encoded."""
        fields = [
            (self.random.choice([*NAMES, self.pick_value()]), self.pick_value())
            for _ in range(self.random.randrange(8))
        ]
        return urlencode(fields, errors="replace")

    def make_path(self) -> str:
        """Return a random path: a URL pattern with random values, and perhaps a query."""
        pattern = self.random.choice(self.paths)
        path = re.sub(
            r"<[^>]*>|\(\?P<[^)]*\)", lambda _: quote(self.pick_value(), safe="", errors="replace"), pattern
        )
        path = quote(path, safe="/%") if self.random.random() < 0.9 else path.replace("/", "//")
        query = f"?{self.make_form()}" if self.random.random() < 0.5 else ""
        return f"/{path}{query}"[:4000]

    def make_header(self, name: str) -> bytes:
        """Return a header with a random valid value."""
        value = self.pick_value().encode("utf-8", "replace")
        return name.encode() + b": " + re.sub(rb"[\x00-\x1f\x7f]", b"", value) + b"\r\n"

    def make_request(self) -> bytes:
        """Return a random request."""
        cookies = f"csrftoken={TOKEN}" + (f"; sessionid={self.session}" if self.random.random() < 0.7 else "")
        lines = [
            f"{self.random.choice(METHODS)} {self.make_path()} HTTP/1.1\r\n".encode("ascii", "replace"),
            f"Host: localhost\r\nConnection: close\r\nCookie: {cookies}\r\nX-CSRFToken: {TOKEN}\r\n".encode(),
        ]
        lines += [self.make_header(name) for name in self.random.sample(HEADERS, self.random.randrange(4))]
        body = self.make_form().encode() if self.random.random() < 0.8 else self.random.randbytes(200)
        content_type = TYPES[0] if self.random.random() < 0.7 else self.random.choice(TYPES)
        lines.append(f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        return b"".join(lines) + body


def test_random_requests_cause_no_server_error(production: Production, target: Site) -> None:
    """Random requests to every URL, anonymous and as a superuser, cause no 5xx and no downtime."""
    data = json.loads(production.run_python(LIST_PATHS).splitlines()[-1])
    fuzzer = Fuzzer(data["paths"], data["session"], SEED)
    counts: dict[int, int] = {}
    before = len(target.log)
    end = time.monotonic() + FUZZ_SECONDS
    while time.monotonic() < end:
        request = fuzzer.make_request()
        for status in send_bytes(target, request):
            counts[status] = counts.get(status, 0) + 1
            # An unknown transfer encoding gets a 501.
            assert status < 500 or status == 501, f"{request!r}\n{target.log[-6000:]}"
    assert sum(counts.values()) > 100, counts
    assert {200, 302, 404} <= counts.keys(), counts
    assert '"level": "ERROR"' not in target.log[before:]
    assert Visitor(target).get("/readyz").status == 200
    assert Visitor(target).get("/").status == 200
