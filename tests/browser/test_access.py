"""The pages for those who use no mouse, magnify, forbid scripts or movement, or choose their own colors."""

import pytest
from playwright.sync_api import Page

from tests.browser.visitors import PASSWORD, Visitors, follow, send

OWN = [("", "/"), ("", "/account/login/"), ("", "/no-such-page/"), ("eve", "/"), ("eve", "/account/")]
ADMIN = [
    ("", "/admin/login/"),
    ("ann", "/admin/"),
    ("ann", "/admin/accounts/user/"),
    ("ann", "/admin/accounts/user/1/change/"),
]
NEW_PASSWORD = "another correct horse battery staple"


def tab(page: Page, to: str) -> None:
    """Press Tab until the focus is on what has this name or these words."""
    is_there = (
        f"document.activeElement.matches('[name={to}]')"
        if to.islower()
        else (f"document.activeElement.innerText?.trim() == '{to}'")
    )
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(is_there):
            return
    raise AssertionError(f"the Tab key does not come to {to!r}")


@pytest.mark.parametrize(("who", "path"), OWN + ADMIN)
def test_tab_order(visitors: Visitors, who: str, path: str) -> None:
    """Tab reaches every control, in the page's order; the focus is visible and never covered."""
    page = visitors.open(path, who)
    page.emulate_media(reduced_motion="reduce")
    number = page.evaluate("inPage.findStops()")
    seen, errors = [], []
    for _ in range(number + 2):
        page.keyboard.press("Tab")
        index, problems = page.evaluate("inPage.lookAtFocus()")
        if index >= 0:
            seen.append(index)
            errors += problems
    # A page that puts the focus into its form begins there.
    start = seen[0]
    order = [(start + step) % number for step in range(number)]
    assert seen[:number] == order
    assert not errors, "\n".join(errors)


def test_skip_link(visitors: Visitors) -> None:
    """The first tab stop skips the header: the next one is in the content."""
    page = visitors.open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') != null")


def test_sign_in_and_out_by_keyboard(visitors: Visitors) -> None:
    """From the home page into the account and out again without a mouse."""
    page = visitors.open("/")
    tab(page, to="Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/login/")
    page.locator("[name=username]:focus").wait_for()
    page.keyboard.type("lou@example.org")
    tab(page, to="password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(visitors.url("/"))
    tab(page, to="Sign out")
    page.keyboard.press("Enter")
    page.get_by_role("navigation").get_by_role("link", name="Sign in").wait_for()


@pytest.mark.parametrize(("who", "path"), OWN + ADMIN)
def test_zoom_and_text_spacing(visitors: Visitors, who: str, path: str) -> None:
    """Nothing is cut off at 200 %, at 400 % (320 pixels), with doubled text size, and with text spacing."""
    # https://www.w3.org/TR/WCAG22/: 1.4.4 Resize Text, 1.4.10 Reflow, 1.4.12 Text Spacing
    page = visitors.open(path, who, size="zoomed")
    assert page.evaluate("inPage.findCutText()") == []
    page.set_viewport_size({"width": 320, "height": 256})
    assert page.evaluate("inPage.findCutText()") == []
    page.evaluate("inPage.spaceText()")
    assert page.evaluate("inPage.findCutText()") == []
    page.reload()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("inPage.findCutText()") == []


def test_without_javascript(visitors: Visitors) -> None:
    """Signing in and out, the profile, both ways to a new password and the admin work without it."""
    page = visitors.open("/", java_script_enabled=False)
    assert page.get_by_role("group", name="Color theme").count() == 0
    follow(page.get_by_role("navigation").get_by_role("link", name="Sign in"))
    assert page.get_by_role("button", name="Show").count() == 0
    send(page, username="joe@example.org", password="wrong")
    assert page.locator(".error-summary").is_visible()
    send(page, username="joe@example.org", password=PASSWORD)
    follow(page.get_by_role("link", name="Account", exact=True))
    send(page, name="Joe Example")
    assert page.get_by_text("Your changes are saved.").is_visible()
    follow(page.get_by_role("link", name="Change your password"))
    send(page, old_password=PASSWORD, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/password_change/done/")
    follow(page.get_by_role("button", name="Sign out"))
    page.goto(visitors.url("/account/password_reset/"))
    send(page, email="joe@example.org")
    page.goto(visitors.link_mailed_to("joe"))
    send(page, new_password1=PASSWORD, new_password2=PASSWORD)
    assert page.url.endswith("/reset/done/")


def test_admin_without_javascript(visitors: Visitors) -> None:
    """A user is found in the list and changed."""
    page = visitors.open("/admin/accounts/user/?q=joe", "ann", java_script_enabled=False)
    follow(page.get_by_role("link", name="joe@example.org"))
    page.locator("[name=name]").fill("Joe Other")
    follow(page.locator("[name=_save]"))
    assert page.get_by_text("was changed successfully").is_visible()


@pytest.mark.parametrize(("who", "path"), OWN)
def test_reduced_motion_and_forced_colors(visitors: Visitors, who: str, path: str) -> None:
    """With reduced motion nothing moves; with forced colors all content uses them."""
    page = visitors.open(path, who)
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("inPage.findMovement()") == []
    for theme in ("light", "dark"):
        page.emulate_media(forced_colors="active", color_scheme=theme)
        assert page.evaluate("inPage.findOwnColors()") == []
