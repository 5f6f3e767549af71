"""Which files a project has: the whole list for the defaults, and what each choice adds or leaves out."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake, make_repository

OPTIONAL_FILES = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["_optional_files"]
DEFAULT_TREE = Path(__file__).with_name("default_tree.txt")
PLACES = {"none": set(), "server": {"host"}, "aws": {"aws"}, "both": {"aws", "host"}}


def test_default_tree(default_project: Path) -> None:
    """A project with all defaults has exactly these files; edit the list when you add or remove one."""
    assert files(default_project) == DEFAULT_TREE.read_text("utf-8").splitlines()


def test_git_takes_every_file(bake: Bake) -> None:
    """A project's own .gitignore leaves none of its files out of the first commit."""
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
    """A value's files exist if it is chosen; those of the other values do not."""
    project = bake_once(**{question: value})
    present = {
        path for paths in OPTIONAL_FILES[question].values() for path in paths if (project / path).exists()
    }
    assert present == set(OPTIONAL_FILES[question][value])


@pytest.mark.parametrize("value", ["none", "server", "aws", "both"])
def test_deploy(value: str, bake_once: Bake) -> None:
    """A project has the files of its deployment, and without one nothing about masking either."""
    project = bake_once(deploy=value)
    assert {path.name for path in project.glob("deploy/*")} == PLACES[value]
    assert {path.name for path in project.glob("fabfile/*/")} - {"__pycache__"} == PLACES[value]
    assert (project / ".github/workflows/deploy.yml").exists() == ("aws" in PLACES[value])
    assert (project / "fabfile/pull.py").exists() == bool(PLACES[value])
    named = [path for path in files(project) if "mask" in path]
    written = [path for path in (project / "apps").rglob("*.py") if "masking" in path.read_text("utf-8")]
    assert bool(named) == bool(written) == bool(PLACES[value])


def test_choices_change_nothing_else(bake_once: Bake, default_project: Path) -> None:
    """Without CI a project has the default's files except those in the table."""
    left_out = tuple(path for paths in OPTIONAL_FILES["ci"].values() for path in paths)
    kept = [file for file in files(default_project) if not file.startswith(left_out)]
    assert files(bake_once(ci="none")) == kept


def files(folder: Path) -> list[str]:
    """Return the paths of all files in the folder, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
