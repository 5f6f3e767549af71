"""A feature can be added and removed later, by the commands in the project's documents."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from tests.conftest import AUTHOR, make_repository
from tests.documents import read_blocks
from tests.update.history import NOW

Make = Callable[..., Path]

# Each project's own: the answers themselves, and what `fabfile/poetry.py lock` writes afterwards.
OWN = {".copier-answers.yml", "poetry.lock"}
# All that the questions can bring; and what is left of it once a document has been followed.
ALL = {"api": "ninja", "sign_up": "public", "cms": "wagtail", "tasks": "database", "deploy": "both"}
LEFT = {
    "deployment.md": {**ALL, "deploy": "none"},
    "tasks.md": {**ALL, "tasks": "none"},
    "api.md": {**ALL, "api": "none"},
    "sign-up.md": {**ALL, "sign_up": "staff", "cms": "none"},
    "cms.md": {**ALL, "cms": "none"},
}
ADDED = {
    "updating.md": {"api": "ninja"},
    "development.md": {"tasks": "database"},
    "deployment.md": {"deploy": "server"},
}


@pytest.fixture
def make(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that gives a new project with these answers, in git."""
    for name, value in AUTHOR.items():
        monkeypatch.setenv(name, value)

    def make(name: str, **answers: str) -> Path:
        project = tmp_path / name / "my_site"
        copier.run_copy(str(template), project, data=answers, vcs_ref=NOW, defaults=True, quiet=True)
        make_repository(project)
        return project

    return make


def follow(project: Path, document: str) -> None:
    """Run a document's block that updates, except the locking, which needs a network."""
    [text] = [
        each.text for each in read_blocks(project / "docs" / document) if " copier update " in each.text
    ]
    copier_here = f"{shlex.quote(sys.executable)} -m copier"
    lines = [line for line in text.splitlines() if "poetry.py" not in line]
    script = "\n".join(lines).replace("pipx run copier", copier_here)
    subprocess.run(["bash", "-e", "-c", script], cwd=project, check=True)


def contents(project: Path) -> dict[str, bytes]:
    """Return what is in each file of a project, by its path in it."""
    files = {file.relative_to(project): file for file in project.rglob("*") if file.is_file()}
    return {
        str(path): file.read_bytes()
        for path, file in files.items()
        if path.parts[0] != ".git" and path.name not in OWN
    }


@pytest.mark.parametrize("document", LEFT)
def test_removed(make: Make, document: str) -> None:
    """Afterwards a project is the one that never had it."""
    project = make("with_all", **ALL)
    follow(project, document)
    assert contents(project) == contents(make("left", **LEFT[document]))


@pytest.mark.parametrize("document", ADDED)
def test_added(make: Make, document: str) -> None:
    """Afterwards a project is the one that has had it from the start, with the app's migrations."""
    project = make("plain")
    follow(project, document)
    assert contents(project) == contents(make("asked", **ADDED[document]))
