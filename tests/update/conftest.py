"""A template with real history, and projects made from one of its releases."""

import shutil
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from tests.conftest import AUTHOR, TEMPLATE, make_repository
from tests.project import Project
from tests.update.history import NOW, add_releases, git, release


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the template with its tags, what is here now as a release, and newer ones."""
    folder = tmp_path_factory.mktemp("origin") / "slipway"
    git(TEMPLATE, "clone", "--quiet", "--no-hardlinks", str(TEMPLATE), str(folder))
    for name in git(folder, "ls-files", "-z").split("\0")[:-1]:
        (folder / name).unlink()
    for name in git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[
        :-1
    ]:
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    release(folder, NOW)
    add_releases(folder)
    return folder


@pytest.fixture(scope="session")
def made(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives an untouched project of a release, in git, made once."""
    folder = tmp_path_factory.mktemp("made")

    def made(release: str) -> Path:
        project = folder / release
        if not project.exists():
            copier.run_copy(str(template), project, vcs_ref=release, defaults=True, quiet=True)
            make_repository(project)
        return project

    return made


@pytest.fixture
def make(
    made: Callable[[str], Path], tmp_path: Path, project_variables: dict[str, str]
) -> Callable[[str], Project]:
    """Return a function that gives a project of a release, in git; its packages are not installed."""

    def make(release: str) -> Project:
        folder = shutil.copytree(made(release), tmp_path / "my_site", symlinks=True)
        return Project(folder, {**project_variables, **AUTHOR, "RUN_IN": "host"})

    return make
