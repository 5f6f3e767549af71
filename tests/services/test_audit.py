"""`fab audit` says what it has learnt, and never takes no answer for a good one.

The databases are played by scripts: no test can order a weakness.
"""

import json
from pathlib import Path

import pytest

from tests.project import Project

PYTHON = {"dependencies": [{"name": "django", "version": "6.1", "vulns": []}], "fixes": []}
WEAK_PYTHON = {
    "dependencies": [
        {"name": "django", "version": "6.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1.1"]}]}
    ]
}
SKIPPED = {"dependencies": [{"name": "django", "skip_reason": "not found on PyPI"}]}
NODE = {"vulnerabilities": {}, "metadata": {}}
WEAK_NODE = {"vulnerabilities": {"sass": {"range": "<2", "severity": "high"}}}
NO_NODE = {"message": "request to the registry failed"}


@pytest.mark.parametrize(
    ("python", "node", "said"),
    [
        (PYTHON, NODE, ["No locked package has a known weakness."]),
        (WEAK_PYTHON, NODE, ["django 6.1: PYSEC-1, mended in 6.1.1"]),
        (PYTHON, WEAK_NODE, ["sass <2: high"]),
        (None, NODE, ["Python packages were not audited: pip-audit could not ask its database: no network"]),
        (SKIPPED, NODE, ["Python packages were not audited, 1 of 1: not found on PyPI"]),
        (PYTHON, NO_NODE, ["npm packages were not audited: npm could not ask its database: request"]),
        (PYTHON, None, ["npm packages were not audited: npm could not ask its database: no network"]),
    ],
    ids=["sound", "weak Python", "weak npm", "no PyPI", "another index", "no registry", "no network"],
)
def test_audit(
    project: Project, tmp_path: Path, python: dict | None, node: dict | None, said: list[str]
) -> None:
    """A known weakness, and a database that does not answer, make `fab audit` fail and say which."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, answer in (("uvx", python), ("npm", node)):
        script = commands / name
        text = f"echo '{json.dumps(answer)}'" if answer else "echo no network >&2; exit 1"
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
    done = project.run("fab", "audit", check=False, PATH=f"{commands}:{project.variables['PATH']}")
    assert (done.returncode == 0) is (python is PYTHON and node is NODE)
    assert "Traceback" not in done.stdout
    for line in said:
        assert line in done.stdout
