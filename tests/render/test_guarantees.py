"""docs/guarantees.md contains the docstring of every test."""

from tools import TEMPLATE, guarantees


def test_page_is_up_to_date() -> None:
    """If this fails: make guarantees."""
    assert (TEMPLATE / "docs" / "guarantees.md").read_text(encoding="utf-8") == guarantees.render()


def test_every_test_file_has_a_topic() -> None:
    """Each test file is in exactly one topic."""
    listed = [file for files in guarantees.TOPICS.values() for file in files]
    files = [str(file.relative_to(guarantees.TESTS)) for file in guarantees.TESTS.rglob("test_*.py")]
    assert sorted([*listed, "render/test_guarantees.py"]) == sorted(files)
