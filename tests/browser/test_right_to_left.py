"""A site in English and Arabic in Chromium; the language is added by the steps in docs/translation.md."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import languages
from tests.browser.visitors import Visitors, check_page, click_and_wait, create_users, submit
from tests.production import Production
from tests.project import Install

TRANSLATIONS = Path(__file__).with_name("arabic.po")
USERS = {"ann": {"is_staff": True, "is_superuser": True}, "eve": {}}


@pytest.fixture(scope="module")
def arabic_visitors(cookies_session, install: Install, browser: Browser) -> Iterator[Visitors]:
    """Return visitors of a site in English and Arabic, with its language switcher."""
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
        create_users(production, USERS)
        yield Visitors(browser, site)


@pytest.fixture
def visitors(arabic_visitors: Visitors) -> Iterator[Visitors]:
    """Return these visitors; fail at the end if a page had errors."""
    yield arabic_visitors
    arabic_visitors.close()


@pytest.mark.parametrize(
    ("user_name", "path"),
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
def test_pages_are_right_to_left(visitors: Visitors, user_name: str, path: str) -> None:
    """Pages in Arabic are laid out from right to left, axe finds no violation, and no page overflows."""
    page = visitors.open(path, user_name)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == "ar"
    check_page(page)
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 400})
        assert page.evaluate("inPage.findCutText()") == []


def test_form_with_errors(visitors: Visitors) -> None:
    """A form with errors in Arabic passes every check of a page."""
    page = visitors.open("/ar/account/login/")
    submit(page, username="", password="")
    assert page.locator(".error-summary").is_visible()
    check_page(page)


def test_language_switcher(visitors: Visitors) -> None:
    """The language switcher leads to the same page in the other language."""
    page = visitors.open("/account/login/")
    click_and_wait(page.locator("button[value=ar]"))
    assert page.url == visitors.get_url("/ar/account/login/")
    check_page(page)
    click_and_wait(page.get_by_role("button", name="English", exact=True))
    assert page.url == visitors.get_url("/account/login/")
