"""Switches of production: the site with each variable, and without."""

import importlib
import io
import json
import logging.config
import runpy
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import pytest
from apps.accounts.tests.factories import PASSWORD, make_superuser, make_user
from config import urls
from config.environment import BASE_DIR
from config.logs import logging_config
from django.conf import settings
from django.test import Client, override_settings
from django.urls import clear_url_caches

from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, environment_of

pytestmark = pytest.mark.django_db

# Settings that the tests set themselves, or that need collected static files.
KEPT = {"DATABASES", "LOGGING", "MAILERS", "MIDDLEWARE", "STORAGES"}


@contextmanager
def production(**variables: str) -> Iterator[Client]:
    """Give Django the settings that production has with these variables; yield a browser."""
    with environment_of(**variables):
        settings_module = runpy.run_path(str(BASE_DIR / "config" / "settings.py"))
    changed = {
        name: value
        for name, value in settings_module.items()
        if name.isupper() and name not in KEPT and getattr(settings, name, None) != value
    }
    with override_settings(**changed):
        yield Client(headers={"host": "www.site.test"})


def test_https() -> None:
    """`HTTPS` switches redirects and secure cookies."""
    with production() as client:
        assert client.get("/account/login/")["Location"] == "https://www.site.test/account/login/"
        page = client.get("/account/login/", secure=True)
        assert page.cookies["__Host-csrftoken"]["secure"]
    with production(HTTPS="false") as client:
        page = client.get("/account/login/")
        assert page.status_code == 200
        assert not page.cookies["csrftoken"]["secure"]
        assert "Strict-Transport-Security" not in page


def test_hsts_seconds() -> None:
    """`HSTS_SECONDS` sets the header, and 0 removes it."""
    header = "Strict-Transport-Security"
    with production() as client:
        assert client.get("/", secure=True)[header] == "max-age=31536000"
    with production(HSTS_SECONDS="60") as client:
        assert client.get("/", secure=True)[header] == "max-age=60"
    with production(HSTS_SECONDS="0") as client:
        assert header not in client.get("/", secure=True)


def test_trust_proxy() -> None:
    """`TRUST_PROXY`: else a visitor could claim HTTPS, and write into the log."""
    sent = {"x-forwarded-proto": "https", "x-request-id": "Root=1-67891233-abcdef"}
    with production(TRUST_PROXY="true") as client:
        page = client.get("/", headers=sent)
        assert page.status_code == 200
        assert page["X-Request-ID"] == sent["x-request-id"]
        assert client.get("/", headers={"x-forwarded-proto": "http"}).status_code == 301
    with production() as client:
        page = client.get("/", headers=sent)
        assert page.status_code == 301
        assert page["X-Request-ID"] != sent["x-request-id"]


@pytest.mark.parametrize("trust", ["true", "false"])
def test_forwarded_host_is_never_used(trust: str) -> None:
    """`X-Forwarded-Host` is never used."""
    with production(TRUST_PROXY=trust, HTTPS="false") as client:
        page = client.get("/", headers={"x-forwarded-host": "evil.test"})
        assert "evil.test" not in page.text
        assert client.get("/", headers={"host": "evil.test"}).status_code == 400


def test_csp_origins() -> None:
    """`CSP_ORIGINS` may send pictures, fonts and frames, but no script and no style."""

    def policy(client: Client) -> dict[str, str]:
        parts = client.get("/", secure=True)["Content-Security-Policy"].split(";")
        return dict(part.strip().split(" ", 1) for part in parts)

    origins = " https://cdn.test https://media.test"
    with production() as client:
        without = policy(client)
    with production(CSP_ORIGINS=origins.strip().replace(" ", ",")) as client:
        having = policy(client)
    assert {name for name in having if origins in having[name]} == {"default-src", "img-src"}
    for name in without.keys() - {"script-src", "style-src"}:  # these have a nonce, ever new
        assert having[name].replace(origins, "") == without[name]


def test_cache_url() -> None:
    """`CACHE_URL`: if the server is down the site is not ready; pages and sign-in still work."""
    with production(HTTPS="false") as client:
        assert client.get("/readyz").json().keys() == {"serving", "database"}
    with production(HTTPS="false", CACHE_URL="redis://:hunter2@127.0.0.1:1/0") as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["cache"] == "no answer"
        make_user("ann@example.org")
        form = {ACCOUNT_FIELD: "ann@example.org", "password": PASSWORD}
        assert client.post("/account/login/", form).status_code == 302
        assert client.get("/account/").status_code == 200
        client.post("/account/logout/")
        assert client.get("/account/").status_code == 302


def test_admin_path() -> None:
    """`ADMIN_PATH` moves the admin."""

    def status_of(client: Client, path: str) -> int:
        importlib.reload(urls)
        clear_url_caches()
        return client.get(path, secure=True).status_code

    # With allauth that page leads to the site's own.
    status = 302 if HAS_ALLAUTH else 200
    try:
        with production() as client:
            assert status_of(client, "/admin/login/") == status
        with production(ADMIN_PATH="back-office/") as client:
            assert status_of(client, "/back-office/login/") == status
            assert status_of(client, "/admin/login/") == 404
    finally:
        importlib.reload(urls)
        clear_url_caches()


@pytest.mark.skipif(not HAS_ALLAUTH, reason="there is no second factor")
def test_second_factor() -> None:
    """`SECOND_FACTOR` requires a second factor for staff."""
    make_superuser("ann@example.org")
    for variables, status in (({}, 302), ({"SECOND_FACTOR": "false"}, 200)):
        with production(HTTPS="false", **variables) as client:
            form = {"login": "ann@example.org", "password": PASSWORD}
            assert client.post("/account/login/", form)["Location"] == "/"
            assert client.get("/admin/").status_code == status


def logged(style: str) -> str:
    """Return the line that the site prints for a request."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            logging.config.dictConfig(logging_config("INFO", style))
        with production(TRUST_PROXY="true", HTTPS="false") as client:
            client.get("/", headers={"x-request-id": "id-of-this-one"})
    finally:
        logging.config.dictConfig(settings.LOGGING)
    [line] = printed.getvalue().splitlines()
    return line


def test_log_format_json() -> None:
    """`LOG_FORMAT=json` logs requests as JSON."""
    line = json.loads(logged("json"))
    assert line["request_id"] == "id-of-this-one"
    assert {"level": "INFO", "method": "GET", "path": "/", "status": 200}.items() <= line.items()


def test_log_format_text() -> None:
    """`LOG_FORMAT=text` logs requests as text."""
    assert logged("text") == "INFO site.request [id-of-this-one] GET / 200"
