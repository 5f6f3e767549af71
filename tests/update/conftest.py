"""A template with a history of releases, and projects generated from them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from tests.conftest import AUTHOR, TEMPLATE, make_repository, run_git
from tests.project import Project
from tests.update.history import NOW, add_releases, commit_release


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the template with its tags, its current state as a release, and later releases."""
    folder = tmp_path_factory.mktemp("origin") / "slipway"
    run_git(TEMPLATE, "clone", "--quiet", "--no-hardlinks", str(TEMPLATE), str(folder))
    for name in run_git(folder, "ls-files", "-z").split("\0")[:-1]:
        (folder / name).unlink()
    for name in run_git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[
        :-1
    ]:
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    commit_release(folder, NOW)
    add_releases(folder)
    return folder


@pytest.fixture(scope="session")
def generate_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that returns an unchanged project of a release, in git, generated once."""
    folder = tmp_path_factory.mktemp("made")

    def generate_once(release: str) -> Path:
        project = folder / release
        if not project.exists():
            copier.run_copy(str(template), project, vcs_ref=release, defaults=True, quiet=True)
            make_repository(project)
        return project

    return generate_once


@pytest.fixture
def make(
    generate_once: Callable[[str], Path], tmp_path: Path, project_variables: dict[str, str]
) -> Callable[[str], Project]:
    """Return a function that returns a project of a release, in git, without installed packages."""

    def make(release: str) -> Project:
        folder = shutil.copytree(generate_once(release), tmp_path / "my_site", symlinks=True)
        return Project(folder, {**project_variables, **AUTHOR, "RUN_IN": "host"})

    return make
