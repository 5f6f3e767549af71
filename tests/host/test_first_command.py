"""Errors of the first command: the hooks did not run, or Python is too old."""

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
    result = subprocess.run(words, cwd=folder, env=project_variables, capture_output=True, text=True)
    assert result.returncode == 1
    assert "unfinished" in result.stderr
    assert "--accept-hooks yes" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_python_that_is_too_old(default_project: Path) -> None:
    """If Fabric runs on a Python that is too old, one line has the command to reinstall it."""
    script = "import sys; sys.version_info = (3, 10, 13); import fabfile"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=default_project, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("Fabric runs under a Python older than 3.11. Type: pipx install")
    # The old Python must be able to parse the files to get that far.
    for file in default_project.glob("fabfile/*.py"):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
