"""How much code a project has: a line has to earn its place."""

from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake
from tools import combinations

LOCKS = {"poetry.lock", "package-lock.json"}


def size(folder: Path) -> tuple[int, int]:
    """Return the number of files below the folder, and of lines in those that are text and no lock."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(lines(path) for path in files if path.name not in LOCKS)


def lines(path: Path) -> int:
    """Return the number of lines; 0 for a file that is not text."""
    try:
        return len(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError:
        return 0


def test_default(default_project: Path) -> None:
    """A default project has at most 180 files and 8,500 lines, 1,500 of them in fabfile/."""
    files, total = size(default_project)
    assert files <= 180
    assert total <= 8_500
    assert size(default_project / "fabfile")[1] <= 1_500


def test_hooks() -> None:
    """The hooks have at most 250 lines together."""
    assert size(TEMPLATE / "hooks")[1] <= 250


@pytest.mark.parametrize("api", combinations.choices()["api"][1:])
def test_everything(api: str, baked: Bake) -> None:
    """A project with everything is no larger than it was when all of it came by default."""
    files, total = size(baked(**(combinations.each_value()[-1] | {"api": api})))
    assert files <= 394
    assert total <= 22_900
