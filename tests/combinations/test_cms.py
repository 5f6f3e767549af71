"""The CMS in Chromium, as in production: an editor writes a page, with a picture that is kept in S3."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.combinations.passkeys import add_passkey, use_authenticator
from tests.life import bucket
from tests.life.conftest import Install
from tests.life.production import Production, Site
from tests.life.visitors import PASSWORD, Visitors, follow, judge, send


@dataclass
class Cms:
    """A site with a CMS, and where its files are."""

    site: Site
    files: str


@pytest.fixture(scope="module")
def cms(cookies_session, set_up: Install) -> Iterator[Cms]:
    """Return it running, with an editor."""
    production = Production(set_up(cookies_session.bake(extra_context={"cms": "wagtail"}).project_path))
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
    page.get_by_role("option", name=name).click()


def test_an_editor_publishes_a_page(visitors: Visitors) -> None:
    """Everything that takes works under the policy, and strangers see and find it."""
    page = sign_in(visitors)
    page.screenshot(path="/tmp/cms1.png")
    page.goto(visitors.address("/cms/pages/add/pages/contentpage/3/"))
    page.screenshot(path="/tmp/cms2.png")
    print(page.url, visitors.faults)
    page.get_by_label("Title*").fill("Boats")
    add_block(page, "Heading")
    page.screenshot(path="/tmp/cms3.png")
    print(visitors.faults)
