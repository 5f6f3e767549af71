"""The CMS in Chromium, as in production, with uploads in a mock of S3."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import bucket
from tests.browser.visitors import PASSWORD, Visitors, check_page, click_and_wait, submit
from tests.choices.passkeys import add_authenticator, add_passkey
from tests.conftest import TEMPLATE
from tests.production import Production, Site, Visitor, wait_until
from tests.project import Install

PICTURE = TEMPLATE / "docs" / "images" / "first-page-light.png"


# The pages that `fab seed` makes, and one below them.
PAGES = """
from apps.pages.models import ContentPage
from apps.pages.tests.factories import make_page, seed

seed()
make_page(ContentPage.objects.get(slug="services"), title="Prices", slug="prices")
"""

# A page to publish, a page to unpublish, and a schedule that is due.
SCHEDULED = """
from datetime import timedelta

from django.utils import timezone

from apps.pages.models import ContentPage
from apps.pages.tests.factories import home, make_page
from apps.tasks import schedules
from apps.tasks.models import Schedule

past = timezone.now() - timedelta(minutes=1)
make_page(title="Over", slug="over", expire_at=past)
page = ContentPage(title="Due", slug="due", live=False, go_live_at=past)
home().add_child(instance=page)
page.save_revision(approved_go_live_at=past)
schedules.sync_schedules(schedules.find_scheduled_tasks())
Schedule.objects.update(next_run_at=past)
"""


@dataclass
class Cms:
    """A site with a CMS, the URL of its uploads, and its project."""

    site: Site
    files: str
    production: Production


@pytest.fixture(scope="module")
def cms(cookies_session, install: Install) -> Iterator[Cms]:
    """Return a running site with a CMS and an editor."""
    answers = {"cms": "wagtail", "tasks": "database"}
    production = Production(install(cookies_session.bake(extra_context=answers).project_path))
    key = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    with bucket.run_s3() as files, ExitStack() as stack:
        media = {"MEDIA_BUCKET": bucket.BUCKET, "MEDIA_ENDPOINT_URL": files, **key}
        production.manage("migrate")
        production.run_python(PAGES, **media)
        site = stack.enter_context(production.serve(WEB_CONCURRENCY="2", RUN_MIGRATIONS="false", **media))
        production.run_python(
            "from django.contrib.auth.models import Group\n"
            "from apps.accounts.models import User\n"
            f"editor = User.objects.create_user('editor@example.org', {PASSWORD!r}, is_staff=True)\n"
            "editor.groups.add(Group.objects.get(name='Moderators'))"
        )
        yield Cms(site, files, production)


@pytest.fixture
def visitors(browser: Browser, cms: Cms) -> Iterator[Visitors]:
    """Return the site's visitors; fail at the end if a page had errors."""
    visitors = Visitors(browser, cms.site, cms.files)
    yield visitors
    visitors.close()


def sign_in(visitors: Visitors) -> Page:
    """Sign in to the CMS as the editor, with a password and a second factor."""
    page = visitors.open("/cms/")
    add_authenticator(page)
    submit(page, login="editor@example.org", password=PASSWORD)
    add_passkey(page)
    page.goto(visitors.get_url("/cms/"))
    return page


def add_block(page: Page, name: str) -> None:
    """Add a block at the end of the body."""
    page.get_by_role("button", name="Insert a block").last.click()
    page.get_by_role("option", name=name, exact=True).click()


def choose_picture(page: Page) -> None:
    """Upload a picture in the image chooser."""
    page.get_by_role("button", name="Choose an image").click()
    dialog = page.locator(".modal-body")
    dialog.get_by_role("tab", name="Upload").click()
    dialog.locator("[type=file]").set_input_files(PICTURE)
    dialog.locator("[name$=title]:visible").fill("A boat")
    dialog.get_by_role("button", name="Upload").click()
    page.get_by_label("Alt text").fill("A rowing boat")


def ignore_blocked_inline_styles(errors: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the errors, except the text editor's inline style that the CSP blocks: see docs/cms.md."""
    prefixes = ("Applying inline style violates", "The CSP's style-src-elem blocks inline")
    return [error for error in errors if not error[1].startswith(prefixes)]


def test_an_editor_publishes_a_page(visitors: Visitors) -> None:
    """An editor can create and publish a page under the CSP, and visitors can find it."""
    page = sign_in(visitors)
    page.goto(visitors.get_url("/cms/pages/3/"))
    click_and_wait(page.get_by_role("link", name="Add child page").first)
    page.get_by_role("textbox", name="Title*").fill("Boats")
    add_block(page, "Heading")
    page.locator("[name=body-0-value]").fill("Rowing")
    add_block(page, "Text")
    page.locator("[contenteditable=true]").last.click()
    page.keyboard.type("Row upstream")
    add_block(page, "Picture")
    choose_picture(page)
    page.get_by_role("button", name="More actions").click()
    click_and_wait(page.get_by_role("button", name="Publish"))
    visitors.errors = ignore_blocked_inline_styles(visitors.errors)

    page = visitors.open("/search/?query=upstream")
    check_page(page)
    click_and_wait(page.locator("main").get_by_role("link", name="Boats"))
    picture = page.get_by_role("img", name="A rowing boat")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(picture) => picture.naturalWidth")
    check_page(page)


@pytest.mark.parametrize("path", ["/", "/search/"])
def test_public_pages(visitors: Visitors, path: str) -> None:
    """The first page and the search page are accessible and respect the CSP, also without content."""
    check_page(visitors.open(path))


def test_seeded_pages_are_reachable_by_keyboard(visitors: Visitors) -> None:
    """Every page that `fab seed` creates can be reached by links with the keyboard alone."""
    page = visitors.open("/", size="phone")
    for name in ("About us", "Services", "Contact"):
        link = page.get_by_role("navigation", name="Pages").get_by_role("link", name=name)
        for _ in range(20):
            page.keyboard.press("Tab")
            if link.evaluate("(link) => link == document.activeElement"):
                break
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(link).to_have_attribute("aria-current", "page")
        check_page(page)
    click_and_wait(page.get_by_role("link", name="Services"))
    click_and_wait(page.get_by_role("link", name="Prices"))
    expect(page.get_by_role("link", name="Services").first).to_have_attribute("aria-current", "true")


def test_workers_agree_on_page_urls(cms: Cms) -> None:
    """After a change of the home page's slug, the pages of all workers have valid links."""
    visitor = Visitor(cms.site)
    paths = ["/services/prices/", "/sitemap.xml"] * 10
    for slug in ("start", "home"):
        assert {visitor.get(path).status for path in paths} == {200}
        cms.production.run_python(
            "from apps.pages.models import HomePage\n"
            f"page = HomePage.objects.get()\npage.slug = {slug!r}\npage.save()"
        )
        responses = [visitor.get(path) for path in paths]
        assert {response.status for response in responses} == {200}
        assert not [response.text for response in responses if "None" in response.text]


def test_page_that_moves_back_to_its_old_url(visitors: Visitors, cms: Cms) -> None:
    """If a page moves to a new URL and back, browsers that cached the redirect still reach it."""
    page = visitors.open("/")
    for old, new in (("contact", "write-to-us"), ("write-to-us", "contact")):
        cms.production.run_python(
            "from apps.pages.models import ContentPage\n"
            f"page = ContentPage.objects.get(slug={old!r})\n"
            f"page.slug = {new!r}\npage.save_revision().publish()"
        )
        page.goto(visitors.get_url(f"/{old}/"))
        assert page.url == visitors.get_url(f"/{new}/")


def test_links_in_mails(cms: Cms) -> None:
    """Links in the CMS's mails have the site's host, and in development its port."""
    script = "from django.conf import settings\nprint(settings.WAGTAILADMIN_BASE_URL)"
    for variables, url in (
        ({"HTTPS": "true"}, "https://localhost"),
        ({"DEBUG": "true", "WEB_PORT": "8123"}, "http://localhost:8123"),
    ):
        assert cms.production.run_python(script, **variables).split()[-1] == url


def test_worker_publishes_scheduled_pages(cms: Cms) -> None:
    """With `tasks=database` a worker publishes and unpublishes pages at their scheduled time."""
    visitor = Visitor(cms.site)
    cms.production.run_python(SCHEDULED)
    assert [visitor.get(path).status for path in ("/due/", "/over/")] == [404, 200]
    variables = {**cms.production.project.variables, **cms.production.variables, "TASKS": "database"}
    worker = subprocess.Popen(
        ["python", "manage.py", "worker"], cwd=cms.production.project.folder, env=variables
    )
    try:
        wait_until(lambda: [visitor.get(path).status for path in ("/due/", "/over/")] == [200, 404])
    finally:
        worker.terminate()
        worker.wait(timeout=60)
