"""Every page in Chromium, as production serves it; tests/browser/visitors.py checks each page."""

import pytest
from playwright.sync_api import Page

from tests.browser.visitors import PASSWORD, Visitors, check_page, click_and_wait, submit

PUBLIC = [
    "/",
    "/account/login/",
    "/account/login/?next=/account/",
    "/account/password_reset/",
    "/account/password_reset/done/",
    "/account/reset/done/",
    "/account/reset/MQ/no-token/",
    "/admin/login/",
]
MEMBER = [
    "/",
    "/account/",
    "/account/password_change/",
    "/account/password_change/done/",
]
ADMIN = [
    "/admin/",
    "/admin/accounts/",
    "/admin/accounts/user/",
    "/admin/accounts/user/?q=unknown",
    "/admin/accounts/user/add/",
    "/admin/accounts/user/1/change/",
    "/admin/accounts/user/1/history/",
    "/admin/accounts/user/1/password/",
    "/admin/accounts/user/1/delete/",
    "/admin/auth/group/add/",
    "/admin/password_change/",
]
NEW_PASSWORD = "another correct horse battery staple"
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
# The theme colors that apply to the browser's toolbar.
THEME_COLORS = (
    "[...document.querySelectorAll('meta[name=theme-color]')].filter(tag => matchMedia(tag.media).matches)"
)
THEME_COLORS += ".map(tag => tag.content)"
UNKNOWN_THEME = "if (location.host) localStorage.theme = 'plaid'"
BLOCKED_STORAGE = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})"


def get_status(page: Page) -> int:
    """Return the HTTP status of the page."""
    return page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")


@pytest.mark.parametrize(
    ("user_name", "path"),
    [("", path) for path in PUBLIC] + [("eve", path) for path in MEMBER] + [("ann", path) for path in ADMIN],
)
def test_pages(visitors: Visitors, user_name: str, path: str) -> None:
    """The home page, the account pages and the admin pass every check of a page.

    These are axe for WCAG 2.2 AA, the CSP, no console error and no other host.
    """
    page = visitors.open(path, user_name)
    assert get_status(page) == 200
    assert page.url == visitors.get_url(path)
    check_page(page)


@pytest.mark.parametrize("path", ["/account/login/", "/admin/login/"])
def test_sign_in_with_errors(visitors: Visitors, path: str) -> None:
    """The sign-in pages of the site and the admin report a wrong password."""
    page = visitors.open(path)
    submit(page, username="unknown@example.org", password="wrong")
    assert page.get_by_text("Please enter").is_visible()
    check_page(page)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/login/", {"username": "", "password": ""}),
        ("/account/password_reset/", {"email": "unknown"}),
        (
            "/account/password_change/",
            {"old_password": "", "new_password1": "12345", "new_password2": "1234"},
        ),
        ("/account/", {"email": "unknown"}),
    ],
)
def test_forms_with_errors(visitors: Visitors, path: str, fields: dict[str, str]) -> None:
    """In a form with errors the summary gets the focus, and each error links to its field."""
    page = visitors.open(path, "" if path in PUBLIC else "eve")
    submit(page, **fields)
    summary = page.locator(".error-summary")
    assert summary.evaluate("element => element == document.activeElement")
    assert page.title().startswith("Error:")
    check_page(page)
    for link in summary.get_by_role("link").all():
        link.click()
        target = link.get_attribute("href").removeprefix("#")
        assert page.evaluate("document.activeElement.id") == target


def test_profile(visitors: Visitors) -> None:
    """A changed name is saved and confirmed."""
    page = visitors.open("/account/", "eve")
    submit(page, name="Eve Example")
    assert page.get_by_text("Your changes are saved.").is_visible()
    assert page.locator("[name=name]").input_value() == "Eve Example"
    check_page(page)


def test_password_change(visitors: Visitors) -> None:
    """A password change is confirmed, and the user stays signed in."""
    page = visitors.open("/account/password_change/", "kim")
    submit(page, old_password=PASSWORD, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/password_change/done/")
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_password_reset(visitors: Visitors) -> None:
    """A password is reset by the link in a mail, in four steps."""
    page = visitors.open("/account/password_reset/")
    submit(page, email="lee@example.org")
    assert page.url.endswith("/password_reset/done/")
    page.goto(visitors.wait_for_mailed_link("lee"))
    assert page.url.endswith("/set-password/")
    check_page(page)
    submit(page, new_password1="12345", new_password2="1234")
    check_page(page)
    submit(page, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/reset/done/")
    click_and_wait(page.get_by_role("main").get_by_role("link", name="Sign in"))
    submit(page, username="lee@example.org", password=NEW_PASSWORD)
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_admin_sign_out(visitors: Visitors) -> None:
    """Signing out of the admin ends on a page that confirms it."""
    page = visitors.open("/admin/", "max")
    click_and_wait(page.get_by_role("button", name="Log out"))
    assert page.get_by_role("heading", name="Logged out").is_visible()
    check_page(page)


def test_400(visitors: Visitors) -> None:
    """A request for an unknown host gets a 400 page."""
    page = visitors.open(visitors.site.url.replace("localhost", "127.0.0.1"))
    assert get_status(page) == 400
    check_page(page)


def test_403(visitors: Visitors) -> None:
    """A page of the admin without permission gets a 403 page."""
    page = visitors.open("/admin/accounts/user/", "bob")
    assert get_status(page) == 403
    check_page(page)


def test_403_without_a_csrf_token(visitors: Visitors) -> None:
    """A form without its CSRF token gets a 403 page."""
    page = visitors.open("/account/login/")
    page.context.clear_cookies()
    submit(page, username="unknown@example.org", password="wrong")
    assert get_status(page) == 403
    check_page(page)


def test_404(visitors: Visitors) -> None:
    """A missing page gets a 404 page."""
    page = visitors.open("/no-such-page/")
    assert get_status(page) == 404
    check_page(page)


def test_429(visitors: Visitors) -> None:
    """Too many password resets get a 429 page."""
    page = visitors.open("/account/password_reset/")
    while get_status(page) == 200:
        page.goto(visitors.get_url("/account/password_reset/"))
        submit(page, email="unknown@example.org")
    assert get_status(page) == 429
    check_page(page)


def test_500(visitors_without_database: Visitors) -> None:
    """A request while the database is down gets a 500 page."""
    page = visitors_without_database.open("/account/login/")
    submit(page, username="unknown@example.org", password="wrong")
    assert get_status(page) == 500
    check_page(page)


def test_theme_is_remembered(visitors: Visitors) -> None:
    """The theme follows the system's color scheme; a chosen theme is remembered, in the admin too."""
    page = visitors.open("/")
    light, theme_colors = page.evaluate(BACKGROUND), page.evaluate(THEME_COLORS)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(BACKGROUND)
    assert light != dark
    assert theme_colors != page.evaluate(THEME_COLORS)
    page.get_by_text("Light", exact=True).click()
    assert page.evaluate(BACKGROUND) == light
    assert page.evaluate(THEME_COLORS) == theme_colors
    page.goto(visitors.get_url("/account/login/"))
    assert page.evaluate(BACKGROUND) == light
    page.get_by_text("System", exact=True).click()
    assert page.evaluate(BACKGROUND) == dark


@pytest.mark.parametrize("script", [UNKNOWN_THEME, BLOCKED_STORAGE], ids=["unknown", "blocked"])
def test_theme_with_unusable_storage(visitors: Visitors, script: str) -> None:
    """If the stored theme is unknown or storage is blocked, the system's color scheme applies."""
    context = visitors.open_browser()
    context.add_init_script(script)
    page = context.new_page()
    page.goto(visitors.get_url("/"))
    assert page.get_by_label("System").is_checked()
    light = page.evaluate(BACKGROUND)
    page.get_by_text("Dark", exact=True).click()
    assert page.evaluate(BACKGROUND) != light
