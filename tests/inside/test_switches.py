"""Environment variables of production: the site with and without each."""

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

from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, set_environment

pytestmark = pytest.mark.django_db

# Settings that the tests set themselves, or that need collected static files.
NOT_CHANGED = {"DATABASES", "LOGGING", "MAILERS", "MIDDLEWARE", "STORAGES"}


@contextmanager
def use_production(**variables: str) -> Iterator[Client]:
    """Use the settings of production with these variables; yield a client."""
    with set_environment(**variables):
        settings_module = runpy.run_path(str(BASE_DIR / "config" / "settings.py"))
    changed = {
        name: value
        for name, value in settings_module.items()
        if name.isupper() and name not in NOT_CHANGED and getattr(settings, name, None) != value
    }
    with override_settings(**changed):
        yield Client(headers={"host": "www.site.test"})


def test_https() -> None:
    """`HTTPS` enables redirects to HTTPS and secure cookies."""
    with use_production() as client:
        assert client.get("/account/login/")["Location"] == "https://www.site.test/account/login/"
        page = client.get("/account/login/", secure=True)
        assert page.cookies["__Host-csrftoken"]["secure"]
    with use_production(HTTPS="false") as client:
        page = client.get("/account/login/")
        assert page.status_code == 200
        assert not page.cookies["csrftoken"]["secure"]
        assert "Strict-Transport-Security" not in page


def test_hsts_seconds() -> None:
    """`HSTS_SECONDS` sets the HSTS header, and 0 disables it."""
    header = "Strict-Transport-Security"
    with use_production() as client:
        assert client.get("/", secure=True)[header] == "max-age=31536000"
    with use_production(HSTS_SECONDS="60") as client:
        assert client.get("/", secure=True)[header] == "max-age=60"
    with use_production(HSTS_SECONDS="0") as client:
        assert header not in client.get("/", secure=True)


def test_trust_proxy() -> None:
    """`X-Forwarded-Proto` and `X-Request-ID` are used only with `TRUST_PROXY`."""
    headers = {"x-forwarded-proto": "https", "x-request-id": "Root=1-67891233-abcdef"}
    with use_production(TRUST_PROXY="true") as client:
        page = client.get("/", headers=headers)
        assert page.status_code == 200
        assert page["X-Request-ID"] == headers["x-request-id"]
        assert client.get("/", headers={"x-forwarded-proto": "http"}).status_code == 301
    with use_production() as client:
        page = client.get("/", headers=headers)
        assert page.status_code == 301
        assert page["X-Request-ID"] != headers["x-request-id"]


@pytest.mark.parametrize("trust", ["true", "false"])
def test_forwarded_host_is_never_used(trust: str) -> None:
    """`X-Forwarded-Host` is never used."""
    with use_production(TRUST_PROXY=trust, HTTPS="false") as client:
        page = client.get("/", headers={"x-forwarded-host": "evil.test"})
        assert "evil.test" not in page.text
        assert client.get("/", headers={"host": "evil.test"}).status_code == 400


def test_csp_origins() -> None:
    """`CSP_ORIGINS` allows images, fonts and frames from other hosts, but no scripts and no styles."""

    def get_policy(client: Client) -> dict[str, str]:
        parts = client.get("/", secure=True)["Content-Security-Policy"].split(";")
        return dict(part.strip().split(" ", 1) for part in parts)

    origins = " https://cdn.test https://media.test"
    with use_production() as client:
        default_policy = get_policy(client)
    with use_production(CSP_ORIGINS=origins.strip().replace(" ", ",")) as client:
        policy = get_policy(client)
    assert {name for name in policy if origins in policy[name]} == {"default-src", "img-src"}
    for name in default_policy.keys() - {"script-src", "style-src"}:  # these have a new nonce each time
        assert policy[name].replace(origins, "") == default_policy[name]


def test_cache_url() -> None:
    """If the server of `CACHE_URL` is down, the site is not ready, but pages and sign-in work."""
    with use_production(HTTPS="false") as client:
        assert client.get("/readyz").json().keys() == {"serving", "database"}
    with use_production(HTTPS="false", CACHE_URL="redis://:hunter2@127.0.0.1:1/0") as client:
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

    def get_status(client: Client, path: str) -> int:
        importlib.reload(urls)
        clear_url_caches()
        return client.get(path, secure=True).status_code

    # With allauth that page redirects to the site's sign-in page.
    status = 302 if HAS_ALLAUTH else 200
    try:
        with use_production() as client:
            assert get_status(client, "/admin/login/") == status
        with use_production(ADMIN_PATH="back-office/") as client:
            assert get_status(client, "/back-office/login/") == status
            assert get_status(client, "/admin/login/") == 404
    finally:
        importlib.reload(urls)
        clear_url_caches()


@pytest.mark.skipif(not HAS_ALLAUTH, reason="there is no second factor")
def test_second_factor() -> None:
    """`SECOND_FACTOR` requires a second factor for staff."""
    make_superuser("ann@example.org")
    for variables, status in (({}, 302), ({"SECOND_FACTOR": "false"}, 200)):
        with use_production(HTTPS="false", **variables) as client:
            form = {"login": "ann@example.org", "password": PASSWORD}
            assert client.post("/account/login/", form)["Location"] == "/"
            assert client.get("/admin/").status_code == status


def capture_log_line(style: str) -> str:
    """Return the log line of a request."""
    output = io.StringIO()
    try:
        with redirect_stdout(output):
            logging.config.dictConfig(logging_config("INFO", style))
        with use_production(TRUST_PROXY="true", HTTPS="false") as client:
            client.get("/", headers={"x-request-id": "id-of-this-one"})
    finally:
        logging.config.dictConfig(settings.LOGGING)
    [line] = output.getvalue().splitlines()
    return line


def test_log_format_json() -> None:
    """`LOG_FORMAT=json` logs requests as JSON."""
    line = json.loads(capture_log_line("json"))
    assert line["request_id"] == "id-of-this-one"
    assert {"level": "INFO", "method": "GET", "path": "/", "status": 200}.items() <= line.items()


def test_log_format_text() -> None:
    """`LOG_FORMAT=text` logs requests as text."""
    assert capture_log_line("text") == "INFO site.request [id-of-this-one] GET / 200"
