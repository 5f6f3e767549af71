"""Accessibility: keyboard use, magnification, no JavaScript, reduced motion and forced colors."""

import pytest
from playwright.sync_api import Page

from tests.browser.visitors import PASSWORD, Visitors, click_and_wait, submit

SITE = [("", "/"), ("", "/account/login/"), ("", "/no-such-page/"), ("eve", "/"), ("eve", "/account/")]
ADMIN = [
    ("", "/admin/login/"),
    ("ann", "/admin/"),
    ("ann", "/admin/accounts/user/"),
    ("ann", "/admin/accounts/user/1/change/"),
]
NEW_PASSWORD = "another correct horse battery staple"


def tab_to(page: Page, target: str) -> None:
    """Press Tab until the element with this field name or text has the focus."""
    has_focus = (
        f"document.activeElement.matches('[name={target}]')"
        if target.islower()
        else (f"document.activeElement.innerText?.trim() == '{target}'")
    )
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(has_focus):
            return
    raise AssertionError(f"Tab does not reach {target!r}")


@pytest.mark.parametrize(("user_name", "path"), SITE + ADMIN)
def test_tab_order(visitors: Visitors, user_name: str, path: str) -> None:
    """Tab reaches every control in document order, and the focus is visible and never covered."""
    page = visitors.open(path, user_name)
    page.emulate_media(reduced_motion="reduce")
    count = page.evaluate("inPage.findStops()")
    visited, errors = [], []
    for _ in range(count + 2):
        page.keyboard.press("Tab")
        index, problems = page.evaluate("inPage.checkFocus()")
        if index >= 0:
            visited.append(index)
            errors += problems
    # A page with autofocus starts at its form.
    start = visited[0]
    order = [(start + step) % count for step in range(count)]
    assert visited[:count] == order
    assert not errors, "\n".join(errors)


def test_skip_link(visitors: Visitors) -> None:
    """The first tab stop is a link that skips the header."""
    page = visitors.open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') != null")


def test_sign_in_and_out_by_keyboard(visitors: Visitors) -> None:
    """A user can sign in and out with the keyboard alone."""
    page = visitors.open("/")
    tab_to(page, target="Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/login/")
    page.locator("[name=username]:focus").wait_for()
    page.keyboard.type("lou@example.org")
    tab_to(page, target="password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(visitors.get_url("/"))
    tab_to(page, target="Sign out")
    page.keyboard.press("Enter")
    page.get_by_role("navigation").get_by_role("link", name="Sign in").wait_for()


@pytest.mark.parametrize(("user_name", "path"), SITE + ADMIN)
def test_zoom_and_text_spacing(visitors: Visitors, user_name: str, path: str) -> None:
    """No text is cut off at 200 %, at 400 % (320 pixels), at double text size, or with text spacing."""
    # https://www.w3.org/TR/WCAG22/: 1.4.4 Resize Text, 1.4.10 Reflow, 1.4.12 Text Spacing
    page = visitors.open(path, user_name, size="zoomed")
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
    """Signing in and out, the profile, and changing or resetting a password work without JavaScript."""
    page = visitors.open("/", java_script_enabled=False)
    assert page.get_by_role("group", name="Color theme").count() == 0
    click_and_wait(page.get_by_role("navigation").get_by_role("link", name="Sign in"))
    assert page.get_by_role("button", name="Show").count() == 0
    submit(page, username="joe@example.org", password="wrong")
    assert page.locator(".error-summary").is_visible()
    submit(page, username="joe@example.org", password=PASSWORD)
    click_and_wait(page.get_by_role("link", name="Account", exact=True))
    submit(page, name="Joe Example")
    assert page.get_by_text("Your changes are saved.").is_visible()
    click_and_wait(page.get_by_role("link", name="Change your password"))
    submit(page, old_password=PASSWORD, new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    assert page.url.endswith("/password_change/done/")
    click_and_wait(page.get_by_role("button", name="Sign out"))
    page.goto(visitors.get_url("/account/password_reset/"))
    submit(page, email="joe@example.org")
    page.goto(visitors.wait_for_mailed_link("joe"))
    submit(page, new_password1=PASSWORD, new_password2=PASSWORD)
    assert page.url.endswith("/reset/done/")


def test_admin_without_javascript(visitors: Visitors) -> None:
    """The admin can search and change users without JavaScript."""
    page = visitors.open("/admin/accounts/user/?q=joe", "ann", java_script_enabled=False)
    click_and_wait(page.get_by_role("link", name="joe@example.org"))
    page.locator("[name=name]").fill("Joe Other")
    click_and_wait(page.locator("[name=_save]"))
    assert page.get_by_text("was changed successfully").is_visible()


@pytest.mark.parametrize(("user_name", "path"), SITE)
def test_reduced_motion_and_forced_colors(visitors: Visitors, user_name: str, path: str) -> None:
    """With reduced motion nothing moves; with forced colors all content uses the system's colors."""
    page = visitors.open(path, user_name)
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("inPage.findMovement()") == []
    for theme in ("light", "dark"):
        page.emulate_media(forced_colors="active", color_scheme=theme)
        assert page.evaluate("inPage.findOwnColors()") == []
