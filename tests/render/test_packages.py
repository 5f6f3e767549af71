"""The Python packages that production installs: the documents say how many, and why each is there."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker

from tests.conftest import Bake
from tools import combinations

# The packages of a project with all defaults in production. An option that was not chosen adds none.
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


def installed(lock: dict) -> list[str]:
    """Return the names of the packages that the image gets from this lock."""
    names = []
    for package in lock["package"]:
        marker = package.get("markers", "")
        marker = marker.get("main", "") if isinstance(marker, dict) else marker
        if "main" in package["groups"] and (not marker or Marker(marker).evaluate(IMAGE)):
            names.append(package["name"])
    return names


def test_the_documented_number_of_packages(default_project: Path) -> None:
    """docs/configuration.md says how many packages the image gets; they are within the budget."""
    stated = re.search(r"installs (\d+) Python packages", documents(default_project))
    assert stated
    count = len(installed(tomllib.loads((default_project / "poetry.lock").read_text())))
    assert int(stated[1]) == count
    assert count <= BUDGET


@pytest.mark.parametrize("answers", combinations.each_value(), ids=combinations.name)
def test_every_package_has_a_documented_reason(bake_once: Bake, answers: combinations.Answers) -> None:
    """Its table has a row for each package that pyproject.toml names, and for no other."""
    folder = bake_once(**answers)
    table = documents(folder).partition("## Python packages")[2]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w-]+", dependency)[0] for dependency in project["dependencies"]]
    assert re.findall(r"^\| `([\w-]+)` \| .+ \|$", table, re.MULTILINE) == names


def documents(project: Path) -> str:
    """Return docs/configuration.md."""
    return (project / "docs" / "configuration.md").read_text(encoding="utf-8")
