"""How much code a project has: a line has to earn its place."""

import re
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake
from tools import combinations, example
from tools.example import size


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
def test_everything(api: str, bake_once: Bake) -> None:
    """A project with everything is no larger than when everything was included by default."""
    files, total = size(bake_once(**(combinations.each_value()[-1] | {"api": api})))
    assert files <= 394
    assert total <= 22_900


def test_readme_states_the_size(default_project: Path) -> None:
    """The README's number of files and lines is a default project's, within a twentieth."""
    text = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"without locks \| (\d+) files, ([\d,]+) lines", text)
    actual = size(default_project)
    assert [int(number.replace(",", "")) for number in stated.groups()] == pytest.approx(actual, rel=0.05)


def test_example(tmp_path: Path) -> None:
    """`make example` writes a default project and one with every feature, and an index of their files."""
    example.write(tmp_path / "example")
    text = (tmp_path / "example" / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)]+)\)", text)
    written = [path.relative_to(tmp_path / "example") for path in (tmp_path / "example").rglob("*")]
    assert sorted(linked) == sorted(
        str(path) for path in written if path.name != "README.md" or path.parent.name
    )
    for name in example.PROJECTS:
        files, total = size(tmp_path / "example" / name)
        assert f"{files} files, {total:,} lines" in text


def test_example_keeps_other_files(tmp_path: Path) -> None:
    """`make example` deletes no folder that it has not created."""
    mine = tmp_path / "default" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(SystemExit, match="empty folder"):
        example.write(tmp_path)
    assert mine.is_file()
