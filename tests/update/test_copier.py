"""Copier makes the same project as cookiecutter, from the same tree."""

import os
import re
import shutil
import stat
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import copier
import pytest
from packaging.version import Version

from tests.conftest import AUTHOR, TEMPLATE, Command
from tools import copier_file

TAG = "2026.1.2"
ODD = """O'Neil & "Sons" <b>{{ 1 }}</b> {% now %} \\n # $HOME %s: - 'null'"""
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
    "odd": {"project_name": ODD, "project_slug": "odd", "description": ODD, "author": f"{ODD} <a@b.co>"},
}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template as it is now, with a release's tag."""
    folder = tmp_path_factory.mktemp("template") / "slipway"
    for name in ("cookiecutter.json", "copier.yml", "hooks", "<<cookiecutter.project_slug>>"):
        source = TEMPLATE / name
        folder.mkdir(exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(
            source, folder
        )
    for words in ("init --quiet", "add .", "commit --quiet --message=one", f"tag {TAG}"):
        subprocess.run(["git", *words.split()], cwd=folder, env={**os.environ, **AUTHOR}, check=True)
    return folder


def test_copier_yml_is_made_from_cookiecutter_json() -> None:
    """`make copier.yml` would change nothing."""
    assert (TEMPLATE / "copier.yml").read_text(encoding="utf-8") == copier_file.page()


def test_projects_pin_the_copier_of_these_tests(default_project: Path) -> None:
    """`fab update` runs the version that is tested here, and copier.yml requires none that is newer."""
    [pinned] = re.findall(
        r'^COPIER = "copier==(.*)"$', (default_project / "fabfile/update.py").read_text(), re.M
    )
    assert pinned == version("copier")
    assert Version(copier_file.OLDEST_COPIER) <= Version(pinned)


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_same_bytes(answers: dict[str, str], tagged: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """The same answers give the same files, permissions and origin by `cookiecutter` and `copier copy`."""
    arguments = [f"{name}={answer}" for name, answer in answers.items()]
    result = cookiecutter(tagged, "--no-input", *arguments)
    assert result.returncode == 0, result.stderr
    [by_cookiecutter] = [path.parent for path in tmp_path.glob("*/manage.py")]

    copy(tagged, tmp_path / "copier" / by_cookiecutter.name, answers)

    assert tree(tmp_path / "copier" / by_cookiecutter.name) == tree(by_cookiecutter)


REFUSED = [
    ("project_name", " "),
    ("project_slug", "My Site"),
    ("description", ""),
    ("author", "Ada Lovelace"),
    ("ci", "jenkins"),
]


@pytest.mark.parametrize(("question", "answer"), REFUSED)
def test_refused(question: str, answer: str, tagged: Path, tmp_path: Path) -> None:
    """Copier refuses invalid answers too, and nothing is written."""
    with pytest.raises(ValueError, match=question if question != "ci" else "choice"):
        copy(tagged, tmp_path / "site", {question: answer})
    assert not (tmp_path / "site").exists()


def copy(template: Path, project: Path, answers: dict[str, Any]) -> None:
    """Do what `copier copy` does."""
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the permissions and bytes of each file, by its path."""
    return {
        str(path.relative_to(folder)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
