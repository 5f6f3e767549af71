"""What a question has brought is taken out again as its document says: by the other answer, same release."""

import subprocess
import sys
from pathlib import Path

import copier
import pytest

from tests.conftest import AUTHOR, make_repository
from tests.update.history import NOW

# Each project's own: the answers themselves, and what `fabfile/poetry.py lock` writes afterwards.
OWN = {".copier-answers.yml", "poetry.lock"}


def contents(project: Path) -> dict[str, bytes]:
    """Return what is in each file of a project, by its path in it."""
    files = {file.relative_to(project): file for file in project.rglob("*") if file.is_file()}
    return {
        str(path): file.read_bytes()
        for path, file in files.items()
        if path.parts[0] != ".git" and path.name not in OWN
    }


def test_accounts(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sign-up a project is the one that never had it."""
    for name, value in AUTHOR.items():
        monkeypatch.setenv(name, value)
    projects = {answer: tmp_path / answer / "my_site" for answer in ("public", "staff")}
    for answer, folder in projects.items():
        data = {"sign_up": answer}
        copier.run_copy(str(template), folder, data=data, vcs_ref=NOW, defaults=True, quiet=True)
    project = projects["public"]
    make_repository(project)
    document = (project / "docs" / "sign-up.md").read_text(encoding="utf-8")
    [line] = [line for line in document.splitlines() if " copier update " in line]
    options = line.split(" copier ")[1].split()
    subprocess.run([sys.executable, "-m", "copier", *options], cwd=project, check=True)
    assert contents(project) == contents(projects["staff"])
