"""Copier generates the same project as Cookiecutter."""

import re
import shutil
import stat
from importlib.metadata import version
from pathlib import Path
from typing import Any

import copier
import pytest
from packaging.version import Version

from tests.conftest import TEMPLATE, Command, make_repository, run_git
from tools import copier_file

TAG = "2026.1.2"
UNUSUAL = """O'Neil & "Sons" <b>{{ 1 }}</b> {% now %} \\n # $HOME %s: - 'null'"""
ANSWERS = {
    "github": {},
    "gitlab": {"project_name": "2026", "description": "3.10", "ci": "gitlab"},
    "none": {
        "project_name": "موقع 中文 🚀",
        "project_slug": "a",
        "description": "=",
        "author": "~ <a@b.co>",
        "ci": "none",
    },
    "aws": {"api": "ninja", "cms": "wagtail", "tasks": "database", "deploy": "aws", "ci": "gitlab"},
    "server": {"deploy": "server"},
    "both": {"deploy": "both", "sign_up": "public"},
    "odd": {
        "project_name": UNUSUAL,
        "project_slug": "odd",
        "description": UNUSUAL,
        "author": f"{UNUSUAL} <a@b.co>",
    },
}


@pytest.fixture(scope="module")
def tagged_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the template's current files and a release tag."""
    folder = tmp_path_factory.mktemp("template") / "slipway"
    for name in ("cookiecutter.json", "copier.yml", "hooks", "<<cookiecutter.project_slug>>"):
        source = TEMPLATE / name
        folder.mkdir(exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(
            source, folder
        )
    make_repository(folder)
    run_git(folder, "tag", TAG)
    return folder


def test_copier_yml_is_up_to_date() -> None:
    """The file copier.yml is up to date: `make copier.yml` would not change it."""
    assert (TEMPLATE / "copier.yml").read_text(encoding="utf-8") == copier_file.render()


def test_projects_pin_the_tested_copier(default_project: Path) -> None:
    """`fab update` runs the tested version of Copier, and copier.yml does not require a newer one."""
    [version_of_projects] = re.findall(
        r'^COPIER = "copier==(.*)"$', (default_project / "fabfile/update.py").read_text(), re.M
    )
    assert version_of_projects == version("copier")
    assert Version(copier_file.OLDEST_COPIER) <= Version(version_of_projects)


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_same_bytes(
    answers: dict[str, str], tagged_template: Path, cookiecutter: Command, tmp_path: Path
) -> None:
    """Cookiecutter and `copier copy` generate the same files, permissions and origin."""
    arguments = [f"{name}={answer}" for name, answer in answers.items()]
    result = cookiecutter(tagged_template, "--no-input", *arguments)
    assert result.returncode == 0, result.stderr
    [project] = [path.parent for path in tmp_path.glob("*/manage.py")]

    run_copier(tagged_template, tmp_path / "copier" / project.name, answers)

    assert read_files(tmp_path / "copier" / project.name) == read_files(project)


INVALID = [
    ("project_name", " "),
    ("project_slug", "My Site"),
    ("description", ""),
    ("author", "Ada Lovelace"),
    ("ci", "jenkins"),
]


@pytest.mark.parametrize(("question", "answer"), INVALID)
def test_invalid_answers_are_rejected(
    question: str, answer: str, tagged_template: Path, tmp_path: Path
) -> None:
    """Copier rejects invalid answers and writes nothing."""
    with pytest.raises(ValueError, match=question if question != "ci" else "choice"):
        run_copier(tagged_template, tmp_path / "site", {question: answer})
    assert not (tmp_path / "site").exists()


def run_copier(template: Path, project: Path, answers: dict[str, Any]) -> None:
    """Generate a project like `copier copy`."""
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)


def read_files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and content of each file, by path."""
    return {
        str(path.relative_to(folder)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
