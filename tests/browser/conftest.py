"""Sites that are looked at in Chromium, and who looks."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lighthouse import Lighthouse, install_lighthouse
from tests.browser.visitors import PASSWORD, PEOPLE, Visitors
from tests.conftest import CHROMIUM
from tests.production import Production, Site, find_free_port


@pytest.fixture(scope="session")
def site_behind_proxy(production: Production) -> Iterator[Site]:
    """Return a site with accounts, served as behind a proxy that speaks HTTPS with the visitors."""
    database = f"sqlite:///{production.project.folder / 'pages.sqlite3'}"
    with production.serve(HTTPS="true", TRUST_PROXY="true", DATABASE_URL=database) as site:
        script = (
            "from apps.accounts.models import User\n"
            f"for who, rights in {PEOPLE!r}.items():\n"
            f"    User.objects.create_user(f'{{who}}@example.org', {PASSWORD!r}, **rights)"
        )
        production.run_python(script, DATABASE_URL=database)
        yield site


@pytest.fixture(scope="session")
def site_without_database(production: Production) -> Iterator[Site]:
    """Return the same when its database does not answer."""
    database = f"postgres://user:password@127.0.0.1:{find_free_port()}/name"
    variables = {"RUN_MIGRATIONS": "false", "HTTPS": "true", "TRUST_PROXY": "true"}
    with production.serve(DATABASE_URL=database, **variables) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with chromium() as browser:
        yield browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium: Debian's, or the one that Playwright installed."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def all_visitors(browser: Browser, site_behind_proxy: Site) -> Visitors:
    """Return people who visit the site; they stay signed in from one test to the next."""
    return Visitors(browser, site_behind_proxy)


@pytest.fixture
def visitors(all_visitors: Visitors) -> Iterator[Visitors]:
    """Return people who visit the site; in the end the test fails if a page complained."""
    yield all_visitors
    all_visitors.leave()


@pytest.fixture
def visitors_without_database(browser: Browser, site_without_database: Site) -> Iterator[Visitors]:
    """Return people who visit the site while its database is down."""
    visitors = Visitors(browser, site_without_database)
    yield visitors
    visitors.leave()


@pytest.fixture(scope="session")
def lighthouse(project_variables: dict[str, str]) -> Lighthouse:
    """Return a function that audits pages as Chrome does."""
    return install_lighthouse(project_variables)


@pytest.fixture(scope="session")
def site_for_lighthouse(production: Production) -> Iterator[Site]:
    """Return a site without HTTPS: Lighthouse asks for robots.txt without the headers of a proxy."""
    with production.serve(RUN_MIGRATIONS="false") as site:
        yield site
