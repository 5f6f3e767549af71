"""The CMS in Chromium, as in production: an editor writes a page, with a picture that is kept in S3."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import bucket
from tests.browser.visitors import PASSWORD, Visitors, follow, judge, send
from tests.choices.passkeys import add_passkey, use_authenticator
from tests.conftest import TEMPLATE
from tests.production import Production, Site
from tests.project import Install

PICTURE = TEMPLATE / "docs" / "images" / "first-page-light.png"


@dataclass
class Cms:
    """A site with a CMS, and where its files are."""

    site: Site
    files: str


@pytest.fixture(scope="module")
def cms(cookies_session, install: Install) -> Iterator[Cms]:
    """Return it running, with an editor."""
    production = Production(install(cookies_session.bake(extra_context={"cms": "wagtail"}).project_path))
    key = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    with (
        bucket.s3() as files,
        production.serve(MEDIA_BUCKET=bucket.BUCKET, MEDIA_ENDPOINT_URL=files, **key) as site,
    ):
        production.python(
            "from django.contrib.auth.models import Group\n"
            "from apps.accounts.models import User\n"
            f"editor = User.objects.create_user('editor@example.org', {PASSWORD!r}, is_staff=True)\n"
            "editor.groups.add(Group.objects.get(name='Moderators'))"
        )
        yield Cms(site, files)


@pytest.fixture
def visitors(browser: Browser, cms: Cms) -> Iterator[Visitors]:
    """Return people who visit the site; in the end the test fails if a page complained."""
    visitors = Visitors(browser, cms.site, cms.files)
    yield visitors
    visitors.leave()


def sign_in(visitors: Visitors) -> Page:
    """Return the CMS, into which the editor has come by a password and a second factor."""
    page = visitors.open("/cms/")
    use_authenticator(page)
    send(page, login="editor@example.org", password=PASSWORD)
    add_passkey(page)
    page.goto(visitors.address("/cms/"))
    return page


def add_block(page: Page, name: str) -> None:
    """Add a block at the end of the body."""
    page.get_by_role("button", name="Insert a block").last.click()
    page.get_by_role("option", name=name, exact=True).click()


def choose_picture(page: Page) -> None:
    """Upload a picture in the window that chooses one."""
    page.get_by_role("button", name="Choose an image").click()
    window = page.locator(".modal-body")
    window.get_by_role("tab", name="Upload").click()
    window.locator("[type=file]").set_input_files(PICTURE)
    window.locator("[name$=title]:visible").fill("A boat")
    window.get_by_role("button", name="Upload").click()
    page.get_by_label("Alt text").fill("A rowing boat")


def without_what_the_editor_tries(faults: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the faults but for a style of the text editor's that the policy stops: docs/cms.md."""
    of_a_style = ("Applying inline style violates", "The policy's style-src-elem forbids inline")
    return [fault for fault in faults if not fault[1].startswith(of_a_style)]


def test_an_editor_publishes_a_page(visitors: Visitors) -> None:
    """Each step works under the policy, and strangers see and find the page."""
    page = sign_in(visitors)
    page.goto(visitors.address("/cms/pages/3/"))
    follow(page.get_by_role("link", name="Add child page").first)
    page.get_by_role("textbox", name="Title*").fill("Boats")
    add_block(page, "Heading")
    page.locator("[name=body-0-value]").fill("Rowing")
    add_block(page, "Text")
    page.locator("[contenteditable=true]").last.click()
    page.keyboard.type("Row upstream")
    add_block(page, "Picture")
    choose_picture(page)
    page.get_by_role("button", name="More actions").click()
    follow(page.get_by_role("button", name="Publish"))
    visitors.faults = without_what_the_editor_tries(visitors.faults)

    found = visitors.open("/search/?query=upstream")
    judge(found)
    follow(found.get_by_role("link", name="Boats"))
    picture = found.get_by_role("img", name="A rowing boat")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(picture) => picture.naturalWidth")
    judge(found)


@pytest.mark.parametrize("path", ["/", "/search/"])
def test_pages_of_visitors(visitors: Visitors, path: str) -> None:
    """They are accessible and keep to the policy, also before an editor has written one."""
    judge(visitors.open(path))
