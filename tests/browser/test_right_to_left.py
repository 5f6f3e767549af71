"""A site in Arabic too, in Chromium: the language is added by the steps of docs/translation.md."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import languages
from tests.browser.visitors import PASSWORD, Visitors, check_page, follow, send
from tests.production import Production
from tests.project import Install

TRANSLATIONS = Path(__file__).with_name("arabic.po")
PEOPLE = {"ann": {"is_staff": True, "is_superuser": True}, "eve": {}}


@pytest.fixture(scope="module")
def arabic_visitors(cookies_session, install: Install, browser: Browser) -> Iterator[Visitors]:
    """Return people who visit a site in English and Arabic, with its language switcher."""
    project = install(cookies_session.bake().project_path)
    file = languages.find_po_file(project, "ar")
    file.parent.mkdir(parents=True)
    shutil.copy(TRANSLATIONS, file)
    languages.make_messages(project, "ar")
    languages.compile_messages(project)
    languages.add_to_settings(project, "ar", "العربية")
    languages.add_urls(project)
    languages.add_switcher(project)
    production = Production(project)
    with production.serve(HTTPS="true", TRUST_PROXY="true") as site:
        production.run_python(
            "from apps.accounts.models import User\n"
            f"for who, rights in {PEOPLE!r}.items():\n"
            f"    User.objects.create_user(f'{{who}}@example.org', {PASSWORD!r}, **rights)"
        )
        yield Visitors(browser, site)


@pytest.fixture
def visitors(arabic_visitors: Visitors) -> Iterator[Visitors]:
    """Return them; in the end the test fails if a page complained."""
    yield arabic_visitors
    arabic_visitors.leave()


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("", "/ar/"),
        ("", "/ar/account/login/"),
        ("", "/ar/account/password_reset/"),
        ("", "/ar/no-such-page/"),
        ("eve", "/ar/account/"),
        ("eve", "/ar/account/password_change/"),
        ("ann", "/ar/admin/"),
        ("ann", "/ar/admin/accounts/user/"),
        ("ann", "/ar/admin/accounts/user/1/change/"),
    ],
)
def test_pages_from_right_to_left(visitors: Visitors, who: str, path: str) -> None:
    """Home, account, error and admin pages in Arabic: axe finds nothing, and no page is too wide."""
    page = visitors.open(path, who)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == "ar"
    check_page(page)
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 400})
        assert page.evaluate("inPage.findCutText()") == []


def test_form_with_errors(visitors: Visitors) -> None:
    """A form with errors in Arabic."""
    page = visitors.open("/ar/account/login/")
    send(page, username="", password="")
    assert page.locator(".error-summary").is_visible()
    check_page(page)


def test_switch_the_language(visitors: Visitors) -> None:
    """The switcher leads from an English page to the same page in Arabic, and back."""
    page = visitors.open("/account/login/")
    follow(page.locator("button[value=ar]"))
    assert page.url == visitors.url("/ar/account/login/")
    check_page(page)
    follow(page.get_by_role("button", name="English", exact=True))
    assert page.url == visitors.url("/account/login/")
