"""The shell blocks in documents, which tests run as a reader would type them.

Blocks in a shell's language, or without one, are run in order, each document in a new project. A comment
directly above a block changes that:

    <!-- not run: REASON -->
    <!-- run in docker -->
    <!-- run in docker until it says: TEXT (then Ctrl-C is typed) -->
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE

SHELL = {"", "bash", "console", "sh", "shell"}
MARKER = re.compile(
    r"<!-- (?:not run: (?P<reason>\S.*)|run in docker(?: until it says: (?P<until>\S.*))?) -->"
)

# The answers for documents with shell blocks that a default project lacks.
ANSWERS = {"docs/api.md": {"api": "ninja"}}


@dataclass
class Block:
    """A shell block of a document, with the options from the comment above it."""

    line: int
    text: str
    skip_reason: str = ""
    docker: bool = False
    until: str = ""


def list_template_documents() -> list[Path]:
    """Return the template's own documents."""
    return sorted([*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])


def list_project_documents() -> list[str]:
    """Return the documents of a default project that contain a shell block."""
    files = [PROJECT_TEMPLATE / "README.md", *sorted(PROJECT_TEMPLATE.glob("docs/**/*.md"))]
    with_blocks = [str(file.relative_to(PROJECT_TEMPLATE)) for file in files if any(read_blocks(file))]
    tree = (TEMPLATE / "tests" / "render" / "default_tree.txt").read_text(encoding="utf-8").splitlines()
    return [document for document in with_blocks if document in tree]


def read_blocks(document: Path) -> Iterator[Block]:
    """Yield a document's shell blocks; raise ValueError for an unknown comment above one."""
    above = None
    for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info.strip() in SHELL:
            yield parse_block(token.map[0] + 1, token.content, above.content.strip() if above else "")
        above = token if token.type == "html_block" and token.content.startswith("<!--") else None


def parse_block(line: int, text: str, comment: str) -> Block:
    """Return a block with the options from the comment above it."""
    match = MARKER.fullmatch(comment)
    if comment and not match:
        raise ValueError(f"line {line}: {comment!r} is not a known comment for a shell block")
    if not match:
        return Block(line, text)
    reason, until = match["reason"] or "", match["until"] or ""
    return Block(line, text, reason, docker=not reason, until=until)
