"""docs/guarantees.md says what the tests do."""

from tools import TEMPLATE, guarantees


def test_page_is_up_to_date() -> None:
    """If this fails: make guarantees."""
    assert (TEMPLATE / "docs" / "guarantees.md").read_text(encoding="utf-8") == guarantees.page()


def test_every_file_of_tests_has_a_chapter() -> None:
    """No test of a generated project is left out."""
    files = {
        str(file.relative_to(guarantees.TESTS))
        for folder in ("host", "inside", "browser", "services", "update", "choices", "docker")
        for file in (guarantees.TESTS / folder).rglob("test_*.py")
    }
    assert files == set(guarantees.CHAPTERS.values())
