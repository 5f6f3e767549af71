"""URLs for search engines, browsers and security researchers."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

HOST = "http://testserver"


def test_robots_txt_names_the_sitemap(client: Client) -> None:
    """robots.txt names the sitemap."""
    response = client.get("/robots.txt")
    assert response["Content-Type"].startswith("text/plain")
    lines = response.text.splitlines()
    assert lines[0] == "User-agent: *"
    [url] = (line.partition(": ")[2] for line in lines if line.startswith("Sitemap: "))
    assert client.get(url.removeprefix(HOST)).status_code == 200


def test_every_url_of_the_sitemap_is_a_page(client: Client) -> None:
    """Every URL in the sitemap returns 200, and is the page's canonical URL."""
    response = client.get("/sitemap.xml")
    assert response["Content-Type"] == "application/xml"
    urls = re.findall("<loc>(.*?)</loc>", ElementTree.canonicalize(response.text))
    assert f"{HOST}/" in urls
    for url in urls:
        page = client.get(url.removeprefix(HOST))
        assert page.status_code == 200
        assert f'rel="canonical" href="{url}"' in " ".join(page.text.split())


def test_favicon(client: Client) -> None:
    """/favicon.ico redirects to the icon."""
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith("favicon.ico")


def test_security_contact_is_current(client: Client) -> None:
    """security.txt has a contact, an expiry date within a year and its own URL (RFC 9116)."""
    response = client.get("/.well-known/security.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert re.match("mailto:.+@|https://|tel:", fields["Contact"])
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=7) < expires - datetime.now(UTC) < timedelta(days=365)
    assert fields["Canonical"] == f"{HOST}/.well-known/security.txt"


class Head(HTMLParser):
    """Collect a page's meta and link tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("property") or attributes.get("name") or attributes.get("rel")
        if tag in {"meta", "link"} and name:
            self.values[name] = (attributes.get("content") or attributes.get("href") or "").strip()


def test_pages_have_metadata(client: Client) -> None:
    """Pages have a title, a description and an image for search engines and link previews."""
    head = Head(client.get("/").text).values
    assert head["description"] == head["og:description"] == settings.SITE_DESCRIPTION
    assert head["og:title"] == head["og:site_name"] == settings.SITE_NAME
    assert head["canonical"] == head["og:url"] == f"{HOST}/"
    assert head["og:image"].startswith(f"{HOST}/static/")
    sign_in = Head(client.get(f"{reverse('login')}?next=/").text).values
    assert sign_in["canonical"] == f"{HOST}{reverse('login')}"
