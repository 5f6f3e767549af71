"""Fixtures for tests in Chromium: the browser, sites, and their visitors."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lighthouse import Lighthouse, install_lighthouse
from tests.browser.visitors import USERS, Visitors, create_users
from tests.conftest import CHROMIUM
from tests.production import Production, Site, find_free_port


@pytest.fixture(scope="session")
def site_behind_proxy(production: Production) -> Iterator[Site]:
    """Return a site with users, served as behind a proxy that terminates TLS."""
    database = f"sqlite:///{production.project.folder / 'pages.sqlite3'}"
    with production.serve(HTTPS="true", TRUST_PROXY="true", DATABASE_URL=database) as site:
        create_users(production, USERS, DATABASE_URL=database)
        yield site


@pytest.fixture(scope="session")
def site_without_database(production: Production) -> Iterator[Site]:
    """Return a site whose database does not respond."""
    database = f"postgres://user:password@127.0.0.1:{find_free_port()}/name"
    variables = {"RUN_MIGRATIONS": "false", "HTTPS": "true", "TRUST_PROXY": "true"}
    with production.serve(DATABASE_URL=database, **variables) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with start_chromium() as browser:
        yield browser


@contextmanager
def start_chromium() -> Iterator[Browser]:
    """Start Chromium: the system's, or the one that Playwright installed."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def all_visitors(browser: Browser, site_behind_proxy: Site) -> Visitors:
    """Return the site's visitors, who stay signed in across tests."""
    return Visitors(browser, site_behind_proxy)


@pytest.fixture
def visitors(all_visitors: Visitors) -> Iterator[Visitors]:
    """Return the site's visitors; fail at the end if a page had errors."""
    yield all_visitors
    all_visitors.close()


@pytest.fixture
def visitors_without_database(browser: Browser, site_without_database: Site) -> Iterator[Visitors]:
    """Return visitors of the site whose database is down; fail at the end if a page had errors."""
    visitors = Visitors(browser, site_without_database)
    yield visitors
    visitors.close()


@pytest.fixture(scope="session")
def lighthouse(project_variables: dict[str, str]) -> Lighthouse:
    """Return a function that audits pages with Lighthouse."""
    return install_lighthouse(project_variables)


@pytest.fixture(scope="session")
def site_for_lighthouse(production: Production) -> Iterator[Site]:
    """Return a site without HTTPS: Lighthouse requests robots.txt without proxy headers."""
    with production.serve(RUN_MIGRATIONS="false") as site:
        yield site
