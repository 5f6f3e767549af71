"""Projects of each combination of the choices that bring packages, with what each has locked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import chromium
from tests.conftest import environment_of, variables_of
from tests.production import Production
from tests.project import Install, Project, installed
from tools import combinations

HERE = Path(__file__).resolve().parent
# All but the one with the defaults, which the tests without Docker are about.
COMBINATIONS = [pytest.param(each, id="-".join(each)) for each in combinations.every()[1:]]


@pytest.fixture(scope="session")
def set_up(node_modules: Path) -> Install:
    """Return a function that gives a project what `fab setup` would install, by its own lock."""

    def set_up(folder: Path) -> Project:
        environment = environment_of(folder)
        return installed(folder, environment, node_modules, variables_of(environment))

    return set_up


@pytest.fixture
def project(bake: Callable[..., Path], set_up: Install, combination: combinations.Combination) -> Project:
    """Return a project of this combination, as after `fab setup`."""
    return set_up(bake(**combinations.answers(combination)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def production(project: Project) -> Production:
    """Return that project, to be served as the image serves it."""
    return Production(project)
