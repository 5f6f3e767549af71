"""Every page in Chromium, as production serves it; tests/browser/visitors.py says what each is held to."""

import pytest
from playwright.sync_api import Page

from tests.browser.visitors import PASSWORD, Visitors, check_page, follow, send

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
# The colors that the browser may take for its own bar.
BAR = "[...document.querySelectorAll('meta[name=theme-color]')].filter(tag => matchMedia(tag.media).matches)"
BAR += ".map(tag => tag.content)"
UNKNOWN = "if (location.host) localStorage.theme = 'plaid'"
FORBIDDEN = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})"


def status(page: Page) -> int:
    """Return the status that the page came with."""
    return page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")


@pytest.mark.parametrize(
    ("who", "path"),
    [("", path) for path in PUBLIC] + [("eve", path) for path in MEMBER] + [("ann", path) for path in ADMIN],
)
def test_pages(visitors: Visitors, who: str, path: str) -> None:
    """Home, accounts and the whole admin.

    Of these, and of all pages below: at 390 and 1280 pixels, light and dark, axe finds nothing at WCAG 2.2
    AA; the console is silent, the policy is kept, nothing is asked from elsewhere.
    """
    page = visitors.open(path, who)
    assert status(page) == 200
    assert page.url == visitors.url(path)
    check_page(page)


@pytest.mark.parametrize("path", ["/account/login/", "/admin/login/"])
def test_sign_in_with_errors(visitors: Visitors, path: str) -> None:
    """A wrong password, on the site's page and the admin's."""
    page = visitors.open(path)
    send(page, username="unknown@example.org", password="wrong")
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
    """Empty and mistyped fields; the list of errors has the focus, and each links to its field."""
    page = visitors.open(path, "" if path in PUBLIC else "eve")
    send(page, **fields)
    summary = page.locator(".error-summary")
    assert summary.evaluate("element => element == document.activeElement")
    assert page.title().startswith("Error:")
    check_page(page)
    for link in summary.get_by_role("link").all():
        link.click()
        target = link.get_attribute("href").removeprefix("#")
        assert page.evaluate("document.activeElement.id") == target


def test_profile(visitors: Visitors) -> None:
    """A changed name is kept, and confirmed."""
    page = visitors.open("/account/", "eve")
    send(page, name="Eve Example")
    assert page.get_by_text("Your changes are saved.").is_visible()
    assert page.locator("[name=name]").input_value() == "Eve Example"
    check_page(page)


def test_password_change(visitors: Visitors) -> None:
    """A changed password is confirmed, and the session stays."""
    page = visitors.open("/account/password_change/", "kim")
    send(page, old_password=PASSWORD, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/password_change/done/")
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_password_reset(visitors: Visitors) -> None:
    """All four steps to a new password, through the link in the mail."""
    page = visitors.open("/account/password_reset/")
    send(page, email="lee@example.org")
    assert page.url.endswith("/password_reset/done/")
    page.goto(visitors.link_mailed_to("lee"))
    assert page.url.endswith("/set-password/")
    check_page(page)
    send(page, new_password1="12345", new_password2="1234")
    check_page(page)
    send(page, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/reset/done/")
    follow(page.get_by_role("main").get_by_role("link", name="Sign in"))
    send(page, username="lee@example.org", password=NEW_PASSWORD)
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_signed_out(visitors: Visitors) -> None:
    """Signing out of the admin ends on a page that says so."""
    page = visitors.open("/admin/", "max")
    follow(page.get_by_role("button", name="Log out"))
    assert page.get_by_role("heading", name="Logged out").is_visible()
    check_page(page)


def test_400(visitors: Visitors) -> None:
    """400: a host that the site does not know."""
    page = visitors.open(visitors.site.url.replace("localhost", "127.0.0.1"))
    assert status(page) == 400
    check_page(page)


def test_403(visitors: Visitors) -> None:
    """403: a page of the admin without permission."""
    page = visitors.open("/admin/accounts/user/", "bob")
    assert status(page) == 403
    check_page(page)


def test_403_for_a_forged_form(visitors: Visitors) -> None:
    """403: a form that came without its token."""
    page = visitors.open("/account/login/")
    page.context.clear_cookies()
    send(page, username="unknown@example.org", password="wrong")
    assert status(page) == 403
    check_page(page)


def test_404(visitors: Visitors) -> None:
    """404: a missing page."""
    page = visitors.open("/no-such-page/")
    assert status(page) == 404
    check_page(page)


def test_429(visitors: Visitors) -> None:
    """429: too many password resets."""
    page = visitors.open("/account/password_reset/")
    while status(page) == 200:
        page.goto(visitors.url("/account/password_reset/"))
        send(page, email="unknown@example.org")
    assert status(page) == 429
    check_page(page)


def test_500(visitors_without_database: Visitors) -> None:
    """500: a database that is down."""
    page = visitors_without_database.open("/account/login/")
    send(page, username="unknown@example.org", password="wrong")
    assert status(page) == 500
    check_page(page)


def test_theme_is_remembered(visitors: Visitors) -> None:
    """The page follows the system's color scheme, until one is chosen: that is kept, in the admin too."""
    page = visitors.open("/")
    light, bar = page.evaluate(BACKGROUND), page.evaluate(BAR)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(BACKGROUND)
    assert light != dark
    assert bar != page.evaluate(BAR)
    page.get_by_text("Light", exact=True).click()
    assert page.evaluate(BACKGROUND) == light
    assert page.evaluate(BAR) == bar
    page.goto(visitors.url("/account/login/"))
    assert page.evaluate(BACKGROUND) == light
    page.get_by_text("System", exact=True).click()
    assert page.evaluate(BACKGROUND) == dark


@pytest.mark.parametrize("script", [UNKNOWN, FORBIDDEN], ids=["unknown", "forbidden"])
def test_theme_that_cannot_be_read(visitors: Visitors, script: str) -> None:
    """With an unknown theme in storage, or without storage, the system's is shown; another can be chosen."""
    context = visitors.new_browser()
    context.add_init_script(script)
    page = context.new_page()
    page.goto(visitors.url("/"))
    assert page.get_by_label("System").is_checked()
    light = page.evaluate(BACKGROUND)
    page.get_by_text("Dark", exact=True).click()
    assert page.evaluate(BACKGROUND) != light
