"""The site with the production settings: HTTPS, hosts, headers and cookies."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production_settings")]


@pytest.fixture
def visitor() -> Client:
    """Return a client that requests one of the site's hosts."""
    return Client(headers={"host": "www.site.test"})


def test_http_is_redirected_to_https(visitor: Client) -> None:
    response = visitor.get("/account/?x=1")
    assert response.status_code == 301
    assert response["Location"] == "https://www.site.test/account/?x=1"


def test_another_host_is_refused(visitor: Client) -> None:
    assert visitor.get("/", secure=True, headers={"host": "evil.test"}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/account/login/", "/no-such-page/"])
def test_pages_have_strict_headers(visitor: Client, path: str) -> None:
    page = visitor.get(path, secure=True)
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    assert page["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_are_sent_only_over_https(visitor: Client) -> None:
    visitor.get("/account/login/", secure=True)
    cookie = visitor.cookies["__Host-csrftoken"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
