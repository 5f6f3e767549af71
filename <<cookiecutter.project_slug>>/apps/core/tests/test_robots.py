"""Pages for search engines, and for people who report a vulnerability."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

HOST = "http://testserver"


def test_robots_txt_names_the_sitemap(client: Client) -> None:
    assert f"Sitemap: {HOST}/sitemap.xml" in client.get("/robots.txt").text


def test_every_page_of_the_sitemap_exists(client: Client) -> None:
    urls = re.findall("<loc>(.*?)</loc>", ElementTree.canonicalize(client.get("/sitemap.xml").text))
    assert f"{HOST}/" in urls
    for url in urls:
        assert client.get(url.removeprefix(HOST)).status_code == 200


def test_security_txt_has_a_contact_and_is_current(client: Client) -> None:
    response = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert re.match("mailto:.+@|https://|tel:", fields["Contact"])
    assert datetime.fromisoformat(fields["Expires"]) > datetime.now(UTC)
