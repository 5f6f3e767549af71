"""The CI job `audit` checks every locked package, and fails if it cannot.

Stubs replace pip-audit and npm: a test cannot create a vulnerability, and not every network reaches the
databases.
"""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import workflow
from tests.conftest import Bake


@pytest.fixture(params=["github", "gitlab"])
def project(
    request: pytest.FixtureRequest, bake_once: Bake, tmp_path: Path
) -> tuple[Path, list[workflow.Step]]:
    """Return a folder with a project's poetry.lock, and the steps of its CI job `audit`."""
    project = bake_once(ci=request.param)
    shutil.copy(project / "poetry.lock", tmp_path)
    return tmp_path, workflow.read_ci(project, request.param)["audit"]


def audit_passes(project: tuple[Path, list[workflow.Step]], pip_audit: int = 0, npm: int = 0) -> bool:
    """Run the job with stubs that exit with these codes; return whether it passes."""
    folder, steps = project
    commands = folder / "bin"
    commands.mkdir()
    for name, code in (("pipx", pip_audit), ("npm", npm), ("apk", 0)):
        (commands / name).write_text(f'#!/bin/sh\necho "$@" >> "{folder}/called"\nexit {code}\n')
        (commands / name).chmod(0o755)
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    for step in steps:
        words = [*step.shell, "-c", step.script]
        if subprocess.run(words, cwd=folder, env={**os.environ, "PATH": path}).returncode:
            return False
    return True


def test_audit_of_all_packages(project: tuple[Path, list[workflow.Step]]) -> None:
    """The CI job `audit` runs pip-audit --strict on every locked package, and `npm audit`."""
    assert audit_passes(project)
    folder, _ = project
    locked = tomllib.loads((folder / "poetry.lock").read_text())["package"]
    requirements = (folder / "requirements.txt").read_text().splitlines()
    assert requirements == [f"{package['name']}=={package['version']}" for package in locked]
    calls = (folder / "called").read_text()
    assert "run pip-audit --strict" in calls
    assert "--requirement requirements.txt" in calls
    assert calls.endswith("audit\n")


@pytest.mark.parametrize("codes", [(1, 0), (0, 1)], ids=["pip-audit", "npm"])
def test_audit_that_fails(project: tuple[Path, list[workflow.Step]], codes: tuple[int, int]) -> None:
    """The CI job `audit` fails if pip-audit or npm fails: on a vulnerability or without a response."""
    assert not audit_passes(project, *codes)


def test_audit_without_a_lock(project: tuple[Path, list[workflow.Step]]) -> None:
    """The CI job `audit` fails if poetry.lock cannot be read."""
    (project[0] / "poetry.lock").unlink()
    assert not audit_passes(project)
