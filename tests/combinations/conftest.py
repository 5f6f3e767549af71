"""Projects of each combination of the choices that bring packages, with what each has locked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import choices
from tests.conftest import environment_of, variables_of
from tests.life.conftest import Project, installed
from tests.life.production import Production

HERE = Path(__file__).resolve().parent
COMBINATIONS = [pytest.param(each, id="-".join(each)) for each in choices.combinations()]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.combinations)


@pytest.fixture
def project(bake: Callable[..., Path], node_modules: Path, combination: choices.Combination) -> Project:
    """Return a project of this combination, as after `fab setup`."""
    folder = bake(**choices.answers(combination))
    environment = environment_of(folder)
    return installed(folder, environment, node_modules, variables_of(environment))


@pytest.fixture
def production(project: Project) -> Production:
    """Return that project, to be served as the image serves it."""
    return Production(project)
