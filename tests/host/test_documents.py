"""The tasks that the documents of a project name are there."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.conftest import Bake
from tests.project import Install


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_tasks_that_are_named(deploy: str, bake: Bake, install: Install) -> None:
    """Every task that a document names exists."""
    project = install(bake(deploy=deploy, tasks="none" if deploy == "none" else "database"))
    listed = set(re.findall(r"^  ([\w.-]+)  ", project.run("fab", "--list").stdout, re.MULTILINE))
    groups = {name.partition(".")[0] for name in listed if "." in name}
    for document in [project.folder / "README.md", *project.folder.glob("docs/**/*.md")]:
        named = set(re.findall(r"\bfab ([a-z][\w-]*(?:\.\w[\w-]*)?)", code_in(document)))
        assert named <= listed | groups, document.name


def test_the_list_of_tasks_fits(bake: Bake, install: Install) -> None:
    """`fab --list` has a line for each task on a screen of 80 columns."""
    project = install(bake(deploy="both", tasks="database"))
    lines = project.run("fab", "--list", COLUMNS="80").stdout.splitlines()
    tasks = lines[lines.index("Available tasks:") + 1 :]
    assert [line for line in tasks if line and not re.match(r"  \S+  +\S", line)] == []


def code_in(document: Path) -> str:
    """Return what a document sets as code, a piece a line."""
    tokens = MarkdownIt().enable("table").parse(document.read_text(encoding="utf-8"))
    pieces = [token for each in tokens for token in [each, *(each.children or [])]]
    return "\n".join(token.content for token in pieces if token.type in {"code_inline", "fence"})
