"""Each page in each language, at an address of its own."""

import re

import pytest
from django.conf import settings
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.views import defaults

pytestmark = pytest.mark.django_db

OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
EVERYBODYS = ["core:home", "login", "password_reset", "<< 'account_reset_password_done' if cookiecutter.__with_allauth == 'yes' else 'password_reset_done' >>"]


def html_tag(page: str) -> str:
    """Return a page's first tag, on one line."""
    found = re.search(r"<html[^>]*>", page)
    assert found
    return " ".join(found[0].split())


@pytest.mark.parametrize("name", EVERYBODYS)
@pytest.mark.parametrize("code", OTHERS)
def test_a_page_is_in_the_language_of_its_address(client: Client, code: str, name: str) -> None:
    with translation.override(code):
        address = reverse(name)
        direction = "rtl" if translation.get_language_bidi() else "ltr"
    page = client.get(address)
    assert address.startswith(f"/{code}/")
    assert html_tag(page.text) == f'<html lang="{code}" dir="{direction}">'
    assert page["Content-Language"] == code
    with translation.override(code):
        for text in ("Sign in", "Skip to content", "Language"):
            assert translation.gettext(text) != text
            assert translation.gettext(text) in page.text


@pytest.mark.parametrize("name", EVERYBODYS)
def test_without_a_code_it_is_the_first_language_whatever_the_browser_says(
    client: Client, name: str
) -> None:
    """So that caches and search engines may keep one page for one address."""
    page = client.get(reverse(name), headers={"accept-language": f"{OTHERS[0]},fr;q=0.5"})
    assert html_tag(page.text) == '<html lang="en" dir="ltr">'
    assert page["Content-Language"] == "en"
    assert "Accept-Language" not in page.get("Vary", "")


def test_links_lead_to_the_same_page_in_every_language(client: Client) -> None:
    """Plain links, so it takes no JavaScript and no cookie."""
    start = f"{reverse('password_reset')}?next=/account/"
    for code, name in settings.LANGUAGES:
        page = " ".join(client.get(start).text.split())
        link = re.search(
            rf'<a href="([^"]*)" hreflang="{code}" lang="{code}" [^>]*>{name}</a>', page
        )
        assert link
        other = client.get(link[1])
        assert other.status_code == 200
        assert other["Content-Language"] == code
        assert link[1].endswith("?next=/account/")
        with translation.override(code):
            assert link[1].startswith(reverse("password_reset"))


def test_pages_and_the_sitemap_name_their_translations(client: Client) -> None:
    page = client.get("/").text
    sitemap = client.get("/sitemap.xml").text
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            address = f"http://testserver{reverse('core:home')}"
        assert re.search(rf'rel="alternate"\s+hreflang="{code}"\s+href="{address}"', page)
        assert f"<loc>{address}</loc>" in sitemap
        assert f'hreflang="{code}" href="{address}"' in sitemap


@pytest.mark.parametrize("code", OTHERS)
def test_error_pages_are_translated(client: Client, code: str) -> None:
    page = client.get(f"/{code}/no-such-page/")
    assert page.status_code == 404
    assert f'lang="{code}"' in html_tag(page.text)
    request: HttpRequest = RequestFactory().get(f"/{code}/")
    with translation.override(code):
        assert translation.gettext("Page not found") in page.text
        assert translation.gettext("Something went wrong") in defaults.server_error(request).text


@pytest.mark.parametrize("code", OTHERS)
def test_addresses_of_robots_have_no_language(client: Client, code: str) -> None:
    for path in ("robots.txt", "sitemap.xml", ".well-known/security.txt"):
        assert client.get(f"/{path}").status_code == 200
        assert client.get(f"/{code}/{path}").status_code == 404


def test_the_language_ends_with_the_request(client: Client) -> None:
    client.get(f"/{OTHERS[0]}/")
    assert translation.get_language() == settings.LANGUAGE_CODE
