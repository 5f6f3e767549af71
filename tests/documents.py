"""Documents whose shell blocks are run as their reader would type them.

A block in a shell's language, or in none, is run: each document in a new project, its blocks in their order.
A comment directly above a block says otherwise:

    <!-- not run: why -->
    <!-- run in docker -->
    <!-- run in docker until it says: a text, after which Ctrl-C is typed -->
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE

SHELL = {"", "bash", "console", "sh", "shell"}
MARK = re.compile(r"<!-- (?:not run: (?P<why>\S.*)|run in docker(?: until it says: (?P<until>\S.*))?) -->")


@dataclass
class Block:
    """A shell block of a document, and what the comment above it says."""

    line: int
    text: str
    why_not: str = ""
    docker: bool = False
    until: str = ""


def own() -> list[Path]:
    """Return the documents of the template itself."""
    return sorted([*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])


def documents() -> list[str]:
    """Return the documents of a project with all defaults that have a shell block."""
    files = [PROJECT_TEMPLATE / "README.md", *sorted(PROJECT_TEMPLATE.glob("docs/**/*.md"))]
    with_blocks = [str(file.relative_to(PROJECT_TEMPLATE)) for file in files if any(blocks(file))]
    tree = (TEMPLATE / "tests" / "render" / "default_tree.txt").read_text(encoding="utf-8").splitlines()
    return [document for document in with_blocks if document in tree]


def blocks(document: Path) -> Iterator[Block]:
    """Yield a document's shell blocks; raise ValueError if a comment above one is none of ours."""
    above = None
    for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info.strip() in SHELL:
            yield marked(token.map[0] + 1, token.content, above.content.strip() if above else "")
        above = token if token.type == "html_block" and token.content.startswith("<!--") else None


def marked(line: int, text: str, comment: str) -> Block:
    """Return a block with what the comment above it says."""
    mark = MARK.fullmatch(comment)
    if comment and not mark:
        raise ValueError(f"line {line}: {comment!r} is no mark of a shell block")
    if not mark:
        return Block(line, text)
    why, until = mark["why"] or "", mark["until"] or ""
    return Block(line, text, why, docker=not why, until=until)
