"""Fixtures for projects with other answers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import start_chromium
from tests.production import Production
from tests.project import Install, Project
from tools import combinations


@pytest.fixture
def project(bake: Callable[..., Path], install: Install, row: combinations.Answers) -> Project:
    """Return a project with these answers and its packages installed."""
    return install(bake(**row))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with start_chromium() as browser:
        yield browser


@pytest.fixture
def production(project: Project) -> Production:
    """Return that project, which can be served as the image serves it."""
    return Production(project)
