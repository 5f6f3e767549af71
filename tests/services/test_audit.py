"""The job `audit` of CI asks about every locked package, and no answer is never taken for a good one.

Stand-ins play pip-audit and npm: no test can order a vulnerability, and not every network reaches the
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
    """Return a folder with the lock of a project with this CI, and the steps of its job `audit`."""
    project = bake_once(ci=request.param)
    shutil.copy(project / "poetry.lock", tmp_path)
    return tmp_path, workflow.read_ci(project, request.param)["audit"]


def passes(project: tuple[Path, list[workflow.Step]], pip_audit: int = 0, npm: int = 0) -> bool:
    """Run the job with stand-ins that end with these codes; return whether it passes."""
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
    """The job gives pip-audit every package of poetry.lock, with --strict, and calls `npm audit`."""
    assert passes(project)
    folder, _ = project
    locked = tomllib.loads((folder / "poetry.lock").read_text())["package"]
    asked = (folder / "requirements.txt").read_text().splitlines()
    assert asked == [f"{package['name']}=={package['version']}" for package in locked]
    called = (folder / "called").read_text()
    assert "run pip-audit --strict" in called
    assert "--requirement requirements.txt" in called
    assert called.endswith("audit\n")


@pytest.mark.parametrize("codes", [(1, 0), (0, 1)], ids=["pip-audit", "npm"])
def test_audit_that_fails(project: tuple[Path, list[workflow.Step]], codes: tuple[int, int]) -> None:
    """The job fails if pip-audit or npm does: both do on a vulnerability and without an answer."""
    assert not passes(project, *codes)


def test_audit_without_a_lock(project: tuple[Path, list[workflow.Step]]) -> None:
    """The job fails if poetry.lock cannot be read."""
    (project[0] / "poetry.lock").unlink()
    assert not passes(project)
