"""Generated projects that run on this machine itself, without Docker."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHROMIUM
from tests.life.lighthouse import Lighthouse, install_lighthouse
from tests.life.production import Production, Service, Site, free_port, listening
from tests.life.visitors import PASSWORD, PEOPLE, Visitors

# Longer than the checks of the heaviest project take on a machine that has other work.
SECONDS = 900


@dataclass
class Project:
    """A generated project whose packages are installed, and the environment to run it in."""

    folder: Path
    variables: dict[str, str]

    def run(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; its output, errors included, is in `stdout`."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env={**self.variables, **more},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
        return done


Install = Callable[[Path], Project]


@pytest.fixture(scope="session")
def install(project_environment: Path, node_modules: Path, project_variables: dict[str, str]) -> Install:
    """Return a function that gives a project what `fab setup` would install, without doing it again."""

    def install(folder: Path) -> Project:
        return installed(folder, project_environment, node_modules, project_variables)

    return install


def installed(folder: Path, environment: Path, modules: Path, variables: dict[str, str]) -> Project:
    """Return the project in this folder as after `fab setup`, with packages that are there already."""
    (folder / ".venv").symlink_to(environment)
    shutil.copy(folder / "poetry.lock", environment)
    # Hard links: quick, and npm replaces files rather than writing into them.
    shutil.copytree(modules, folder / "node_modules", symlinks=True, copy_function=os.link)
    return Project(folder, {**variables, "RUN_IN": "host"})


@pytest.fixture
def project(bake: Callable[..., Path], install: Install) -> Project:
    """Return a project with all defaults for one test."""
    return install(bake())


@pytest.fixture(scope="module")
def site(cookies_session, install: Install) -> Iterator[tuple[Project, str]]:
    """Return a project that serves its pages, and their address."""
    project = install(cookies_session.bake().project_path)
    port = free_port()
    project.variables["WEB_PORT"] = str(port)
    project.run("fab", "start")
    yield project, f"http://localhost:{port}"
    project.run("fab", "stop")


@pytest.fixture(scope="session")
def production(cookies_session, install: Install) -> Production:
    """Return a project to be served as the image serves it."""
    return Production(install(cookies_session.bake().project_path))


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a stand-in for a service, which says yes to everything and keeps it."""
    with listening() as service:
        yield service


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
        production.python(script, DATABASE_URL=database)
        yield site


@pytest.fixture(scope="session")
def site_without_database(production: Production) -> Iterator[Site]:
    """Return the same when its database does not answer."""
    database = f"postgres://user:password@127.0.0.1:{free_port()}/name"
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
    """Return what judges pages as Chrome does."""
    return install_lighthouse(project_variables)


@pytest.fixture(scope="session")
def site_for_lighthouse(production: Production) -> Iterator[Site]:
    """Return a site without HTTPS: Lighthouse asks for robots.txt without the headers of a proxy."""
    with production.serve(RUN_MIGRATIONS="false") as site:
        yield site
