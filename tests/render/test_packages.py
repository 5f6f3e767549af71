"""The Python packages in production, which the documents count and explain."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker

from tests.conftest import Bake
from tools import combinations

# The limit for a default project in production.
BUDGET = 50
IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.14.0",
    "python_version": "3.14",
    "sys_platform": "linux",
}


def list_packages(lock: dict) -> list[str]:
    """Return the names of the packages that the image installs from this lock."""
    names = []
    for package in lock["package"]:
        marker = package.get("markers", "")
        marker = marker.get("main", "") if isinstance(marker, dict) else marker
        if "main" in package["groups"] and (not marker or Marker(marker).evaluate(IMAGE)):
            names.append(package["name"])
    return names


def test_documented_number_of_packages(default_project: Path) -> None:
    """docs/configuration.md has the number of Python packages in the image, which is within the budget."""
    match = re.search(r"installs (\d+) Python packages", read_document(default_project))
    assert match
    count = len(list_packages(tomllib.loads((default_project / "poetry.lock").read_text())))
    assert int(match[1]) == count
    assert count <= BUDGET


@pytest.mark.parametrize("answers", combinations.list_each_value(), ids=combinations.format_row)
def test_every_package_is_documented(bake_once: Bake, answers: combinations.Answers) -> None:
    """docs/configuration.md explains each package in pyproject.toml, and no other."""
    folder = bake_once(**answers)
    table = read_document(folder).partition("## Python packages")[2]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w-]+", dependency)[0] for dependency in project["dependencies"]]
    assert re.findall(r"^\| `([\w-]+)` \| .+ \|$", table, re.MULTILINE) == names


def read_document(project: Path) -> str:
    """Return the text of docs/configuration.md."""
    return (project / "docs" / "configuration.md").read_text(encoding="utf-8")
