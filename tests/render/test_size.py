"""Limits for the size of projects."""

import re
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Bake
from tools import combinations, example
from tools.example import measure_size


def test_size_of_a_default_project(default_project: Path) -> None:
    """A default project has at most 180 files and 8,500 lines, 1,500 of them in fabfile/."""
    files, total = measure_size(default_project)
    assert files <= 180
    assert total <= 8_500
    assert measure_size(default_project / "fabfile")[1] <= 1_500


def test_size_of_the_hooks() -> None:
    """The hooks have at most 250 lines in total."""
    assert measure_size(TEMPLATE / "hooks")[1] <= 250


@pytest.mark.parametrize("api", combinations.list_choices()["api"][1:])
def test_size_with_every_feature(api: str, bake_once: Bake) -> None:
    """A project with every feature has at most 394 files and 22,900 lines."""
    files, total = measure_size(bake_once(**(combinations.list_each_value()[-1] | {"api": api})))
    assert files <= 394
    assert total <= 22_900


def test_readme_states_the_size(default_project: Path) -> None:
    """The README's numbers of files and lines of a default project are correct within 5 %."""
    text = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    match = re.search(r"without locks \| (\d+) files, ([\d,]+) lines", text)
    actual = measure_size(default_project)
    assert [int(number.replace(",", "")) for number in match.groups()] == pytest.approx(actual, rel=0.05)


def test_example(tmp_path: Path) -> None:
    """`make example` writes a default project and one with every feature, and an index of their files."""
    example.write_examples(tmp_path / "example")
    text = (tmp_path / "example" / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)]+)\)", text)
    written = [path.relative_to(tmp_path / "example") for path in (tmp_path / "example").rglob("*")]
    assert sorted(linked) == sorted(
        str(path) for path in written if path.name != "README.md" or path.parent.name
    )
    for name in example.PROJECTS:
        files, total = measure_size(tmp_path / "example" / name)
        assert f"{files} files, {total:,} lines" in text


def test_example_keeps_other_files(tmp_path: Path) -> None:
    """`make example` does not delete a folder that it has not created."""
    other_file = tmp_path / "default" / "mine.txt"
    other_file.parent.mkdir()
    other_file.write_text("mine")
    with pytest.raises(SystemExit, match="empty folder"):
        example.write_examples(tmp_path)
    assert other_file.is_file()
