"""The files of a project: the complete list by default, and the files that each answer adds or removes."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake, make_repository

OPTIONAL_FILES = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["_optional_files"]
DEFAULT_TREE = Path(__file__).with_name("default_tree.txt")
DEPLOYMENTS = {"none": set(), "server": {"host"}, "aws": {"aws"}, "both": {"aws", "host"}}


def test_default_tree(default_project: Path) -> None:
    """A default project has exactly the files in default_tree.txt."""
    assert list_files(default_project) == DEFAULT_TREE.read_text("utf-8").splitlines()


def test_gitignore_ignores_no_file(bake: Bake) -> None:
    """A project's .gitignore ignores none of its files."""
    project = bake()
    make_repository(project)
    listed = subprocess.run(["git", "ls-files"], cwd=project, check=True, capture_output=True, text=True)
    assert sorted(listed.stdout.splitlines()) == DEFAULT_TREE.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (question, value)
        for question, values in OPTIONAL_FILES.items()
        for value in values
        if not question.startswith("_")
    ],
)
def test_choice(question: str, value: str, bake_once: Bake) -> None:
    """A project has the files of the chosen value, and none of the other values."""
    project = bake_once(**{question: value})
    present = {
        path for paths in OPTIONAL_FILES[question].values() for path in paths if (project / path).exists()
    }
    assert present == set(OPTIONAL_FILES[question][value])


@pytest.mark.parametrize("value", ["none", "server", "aws", "both"])
def test_deploy(value: str, bake_once: Bake) -> None:
    """A project has the files of its deployment; without one it has no masking."""
    project = bake_once(deploy=value)
    assert {path.name for path in project.glob("deploy/*")} == DEPLOYMENTS[value]
    assert {path.name for path in project.glob("fabfile/*/")} - {"__pycache__"} == DEPLOYMENTS[value]
    assert (project / ".github/workflows/deploy.yml").exists() == ("aws" in DEPLOYMENTS[value])
    assert (project / "fabfile/pull.py").exists() == bool(DEPLOYMENTS[value])
    paths = [path for path in list_files(project) if "mask" in path]
    modules = [path for path in (project / "apps").rglob("*.py") if "masking" in path.read_text("utf-8")]
    assert bool(paths) == bool(modules) == bool(DEPLOYMENTS[value])


def test_without_ci(bake_once: Bake, default_project: Path) -> None:
    """Without CI a project has the same files except those of CI."""
    removed = tuple(path for paths in OPTIONAL_FILES["ci"].values() for path in paths)
    expected = [file for file in list_files(default_project) if not file.startswith(removed)]
    assert list_files(bake_once(ci="none")) == expected


def list_files(folder: Path) -> list[str]:
    """Return the sorted paths of all files in the folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
