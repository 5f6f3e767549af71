"""Errors of the first command: hooks that did not run, an old Python."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Command


@pytest.mark.parametrize("command", [["fab", "--list"], ["fab", "start"], ["python", "manage.py", "check"]])
def test_without_hooks(
    cookiecutter: Command, tmp_path: Path, project_variables: dict[str, str], command: list[str]
) -> None:
    """If the template's hooks did not run, the first command says so and how to finish."""
    cookiecutter(TEMPLATE, "--no-input", "--accept-hooks", "no")
    folder = tmp_path / "my_site"
    words = [sys.executable if command[0] == "python" else command[0], *command[1:]]
    refused = subprocess.run(words, cwd=folder, env=project_variables, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "unfinished" in refused.stderr
    assert "--accept-hooks yes" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_an_older_python(default_project: Path) -> None:
    """If Fabric runs under an old Python, one line has the command to reinstall it."""
    older = "import sys; sys.version_info = (3, 10, 13); import fabfile"
    command = [sys.executable, "-c", older]
    refused = subprocess.run(command, cwd=default_project, capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Fabric runs under a Python older than 3.11. Type: pipx install")
    # Which it has to be able to read until then.
    for file in default_project.glob("fabfile/*.py"):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
