"""Projects with other answers, with what each has locked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import chromium
from tests.conftest import environment_of, variables_of, with_node
from tests.production import Production
from tests.project import Install, Project, installed
from tools import combinations


@pytest.fixture(scope="session")
def set_up(node_modules: Path) -> Install:
    """Return a function that gives a project what `fab setup` would install, by its own lock."""

    def set_up(folder: Path) -> Project:
        environment = environment_of(folder, *with_node())
        return installed(folder, environment, node_modules, variables_of(environment))

    return set_up


@pytest.fixture
def project(bake: Callable[..., Path], set_up: Install, row: combinations.Answers) -> Project:
    """Return a project with these answers, as after `fab setup`."""
    return set_up(bake(**row))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def production(project: Project) -> Production:
    """Return that project, to be served as the image serves it."""
    return Production(project)
