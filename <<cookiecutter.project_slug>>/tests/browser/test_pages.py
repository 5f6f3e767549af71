import uuid

from playwright.sync_api import Page, expect


def test_a_chosen_theme_is_kept(page: Page) -> None:
    page.goto("/")
    html = page.locator("html")
    expect(html).not_to_have_attribute("data-theme", "dark")
    page.get_by_text("Dark", exact=True).click()
    expect(html).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")


def test_a_wrong_password_shows_an_error(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign in").first.click()
<% if cookiecutter.__with_allauth == "yes" %>
    page.get_by_label("Email").fill(f"{uuid.uuid4().hex}@example.org")
<% else %>
    page.get_by_label("Email address").fill(f"{uuid.uuid4().hex}@example.org")
<% endif %>
    page.get_by_label("Password", exact=True).fill("wrong")
<% if cookiecutter.__with_allauth == "yes" %>
    page.get_by_role("button", name="Sign in", exact=True).click()
<% else %>
    page.get_by_role("button", name="Sign in").click()
<% endif %>
    expect(page.get_by_role("group", name="There is a problem")).to_be_visible()
