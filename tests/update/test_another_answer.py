"""Features can be added and removed later with the commands in the project's documents."""

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

# Files that differ: the answers, and the lock that `fabfile/poetry.py lock` writes afterwards.
EXCLUDED = {".copier-answers.yml", "poetry.lock"}
# All features; and the answers after a document's commands have removed one.
ALL_FEATURES = {"api": "ninja", "sign_up": "public", "cms": "wagtail", "tasks": "database", "deploy": "both"}
REMOVED = {
    "deployment.md": {**ALL_FEATURES, "deploy": "none"},
    "tasks.md": {**ALL_FEATURES, "tasks": "none"},
    "api.md": {**ALL_FEATURES, "api": "none"},
    "sign-up.md": {**ALL_FEATURES, "sign_up": "staff", "cms": "none"},
    "cms.md": {**ALL_FEATURES, "cms": "none"},
}
ADDED = {
    "updating.md": {"api": "ninja"},
    "development.md": {"tasks": "database"},
    "deployment.md": {"deploy": "server"},
}


@pytest.fixture
def make(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that creates a project with these answers, in git."""
    for name, value in AUTHOR.items():
        monkeypatch.setenv(name, value)

    def make(name: str, **answers: str) -> Path:
        project = tmp_path / name / "my_site"
        copier.run_copy(str(template), project, data=answers, vcs_ref=NOW, defaults=True, quiet=True)
        make_repository(project)
        return project

    return make


def follow_document(project: Path, document: str) -> None:
    """Run the document's commands that update, except locking, which needs a network."""
    [text] = [
        each.text for each in read_blocks(project / "docs" / document) if " copier update " in each.text
    ]
    copier_command = f"{shlex.quote(sys.executable)} -m copier"
    lines = [line for line in text.splitlines() if "poetry.py" not in line]
    script = "\n".join(lines).replace("pipx run copier", copier_command)
    subprocess.run(["bash", "-e", "-c", script], cwd=project, check=True)


def read_files(project: Path) -> dict[str, bytes]:
    """Return the content of each file of a project, by path."""
    files = {file.relative_to(project): file for file in project.rglob("*") if file.is_file()}
    return {
        str(path): file.read_bytes()
        for path, file in files.items()
        if path.parts[0] != ".git" and path.name not in EXCLUDED
    }


@pytest.mark.parametrize("document", REMOVED)
def test_removed_feature(make: Make, document: str) -> None:
    """After a feature is removed by its document, the project is the same as one that never had it."""
    project = make("with_all", **ALL_FEATURES)
    follow_document(project, document)
    assert read_files(project) == read_files(make("left", **REMOVED[document]))


@pytest.mark.parametrize("document", ADDED)
def test_added_feature(make: Make, document: str) -> None:
    """After a feature is added by a document, the project is the same as one generated with it."""
    project = make("plain")
    follow_document(project, document)
    assert read_files(project) == read_files(make("asked", **ADDED[document]))
