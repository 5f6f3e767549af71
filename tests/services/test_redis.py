"""The cache and sessions on a real server: Valkey or Redis."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.production import (
    Production,
    Visitor,
    find_free_port,
    run_silent_server,
    use_closed_port,
    wait_until,
)

EMAIL, PASSWORD = "ann@site.test", "correct horse battery staple"
SERVER = shutil.which("valkey-server") or shutil.which("redis-server")


@contextmanager
def run_server(port: int, *options: str) -> Iterator[None]:
    """Run a server without persistence, with the password hunter2."""
    assert SERVER, "apt-get install valkey-server, or redis-server"
    words = [SERVER, "--port", str(port), "--save", "", "--requirepass", "hunter2", *options]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd="/")

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(listens)
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def account(production: Production) -> dict[str, str]:
    """Return the credentials of a user."""
    production.manage("migrate")
    production.manage("createsuperuser", "--no-input", "--email", EMAIL, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    return {"username": EMAIL, "password": PASSWORD}


def test_redis_is_not_imported_without_the_variable(production: Production) -> None:
    """Without CACHE_URL the package redis is not imported."""
    script = (
        "import sys; from apps.core import health; health.check_readiness(); print('redis' in sys.modules)"
    )
    assert production.run_python(script).splitlines()[-1] == "False"


def test_processes_share_the_cache_and_sessions(production: Production, account: dict[str, str]) -> None:
    """With CACHE_URL all processes share one cache; sessions are cached for at most five minutes."""
    port = find_free_port()
    url = f"redis://:hunter2@127.0.0.1:{port}/1"
    with run_server(port), production.serve(CACHE_URL=url, WEB_CONCURRENCY="2") as site:
        visitor = Visitor(site)
        assert visitor.post("/account/login/", account).status == 302
        production.run_python("from django.core.cache import cache; cache.set('a', 'b')", CACHE_URL=url)
        assert production.run_python(READ_CACHE, CACHE_URL=url).splitlines()[-1] == "b True"
        assert visitor.get("/account/").status == 200
        assert visitor.get("/readyz").text == '{"serving": "ok", "database": "ok", "cache": "ok"}'


# Delete the sessions in the database, and read the cache in another process.
READ_CACHE = """
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
Session.objects.all().delete()
client = caches["sessions"]._cache.get_client()
[seconds] = [client.ttl(key) for key in client.keys() if b"sessions" in key]
print(cache.get("a"), 0 < seconds <= 300)
"""


def test_outage_and_recovery(production: Production, account: dict[str, str]) -> None:
    """If the cache server goes down, users stay signed in and can sign in; /readyz and the log report it.

    Once it is up again, the site recovers.
    """
    port = find_free_port()
    with production.serve(CACHE_URL=f"redis://:hunter2@127.0.0.1:{port}/0") as site:
        with run_server(port):
            visitor = Visitor(site)
            visitor.post("/account/login/", account)
            assert visitor.get("/readyz").status == 200
        response = visitor.get("/readyz")
        assert response.status == 503
        assert '"cache": "no answer"' in response.text
        assert visitor.get("/account/").status == 200
        assert Visitor(site).post("/account/login/", account).status == 302
        assert "The cache does not respond" in site.log
        assert "hunter2" not in site.log
        with run_server(port):
            assert visitor.get("/readyz").status == 200
            assert visitor.get("/account/").status == 200


@pytest.mark.parametrize("run_cache", [use_closed_port, run_silent_server], ids=["down", "silent"])
def test_outage_at_the_start(production: Production, account: dict[str, str], run_cache) -> None:
    """If the cache server is down or never responds, the site starts, and users can sign in and out."""
    with run_cache() as port, production.serve(CACHE_URL=f"redis://127.0.0.1:{port}/0") as site:
        assert '"cache": "no answer"' in Visitor(site).get("/readyz").text
        visitor = Visitor(site)
        assert visitor.post("/account/login/", account).status == 302
        assert visitor.get("/account/").status == 200
        token = next(cookie.value for cookie in visitor.cookies if cookie.name == "csrftoken")
        visitor.send("/account/logout/", {"csrfmiddlewaretoken": token}, {})
        assert visitor.get("/account/").status == 302


def test_tls(production: Production, tmp_path: Path) -> None:
    """With `rediss://` the server's certificate must be valid."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate]
    subprocess.run([*make, *names], check=True, capture_output=True)
    port = find_free_port()
    options = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
    files = ["--tls-cert-file", certificate, "--tls-key-file", key]
    url = f"rediss://:hunter2@localhost:{port}/0"
    script = "from apps.core import health; print(health.check_readiness()['cache'])"
    with run_server(port, *options, *files):
        trusted = production.run_python(script, CACHE_URL=f"{url}?ssl_ca_certs={certificate}")
        assert trusted.splitlines()[-1] == "ok"
        assert production.run_python(script, CACHE_URL=url).splitlines()[-1] == "no answer"
