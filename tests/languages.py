"""Add a language to a generated project by following the steps in its docs/translation.md."""

import subprocess
from pathlib import Path

from markdown_it import MarkdownIt

from tests import documents, terminal
from tests.project import Project, replace_once

# The language in the document's example: its locale name, language code and name.
LOCALE, CODE, NAME = "pt_BR", "pt-br", "Português (Brasil)"


def find_document(project: Project) -> Path:
    """Return the path of the document with the steps."""
    return project.folder / "docs" / "translation.md"


def read_diffs(project: Project) -> list[str]:
    """Return the diffs in the document, in order."""
    tokens = MarkdownIt().parse(find_document(project).read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == "diff"]


def find_po_file(project: Project, locale: str) -> Path:
    """Return the path of a language's .po file."""
    return project.folder / "apps" / "locale" / locale / "LC_MESSAGES" / "django.po"


def make_messages(project: Project, locale: str) -> None:
    """Step 1: run makemessages."""
    run_document_block(project, 0, locale)


def translate(project: Project, locale: str) -> None:
    """Step 2: translate each message, here to the same text in «»."""
    file = find_po_file(project, locale)
    filled = project.run("msgen", str(file)).stdout
    translated = subprocess.run(
        ["msgfilter", "--keep-header", "sed", r"s/\(.\+\)/«\1»/"],
        input=filled,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    file.write_text(translated, encoding="utf-8")


def compile_messages(project: Project) -> None:
    """Step 2, continued: run compilemessages."""
    run_document_block(project, 1, LOCALE)


def run_document_block(project: Project, number: int, locale: str) -> None:
    """Run a shell block of the document for this language."""
    block = list(documents.read_blocks(find_document(project)))[number]
    block.text = block.text.replace(LOCALE, locale)
    terminal.run_block(block, project.folder, project.variables)


def add_to_settings(project: Project, code: str = CODE, name: str = NAME) -> None:
    """Step 3: add the language and the middleware to the settings."""
    for diff in read_diffs(project)[:2]:
        apply_diff(project, "config/settings.py", diff.replace(CODE, code).replace(NAME, name))


def apply_diff(project: Project, name: str, diff: str) -> None:
    """Apply a diff in the document; fail unless the file contains its old lines exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if not line.startswith("+"))
    new = "".join(line[1:] for line in lines if not line.startswith("-"))
    replace_once(project.folder / name, old, new)


def add_urls(project: Project) -> None:
    """Add language prefixes to the URLs, as in the document."""
    imports, patterns = read_diffs(project)[2:4]
    apply_diff(project, "config/urls.py", imports)
    apply_diff(project, "config/urls.py", patterns)
    if len(read_diffs(project)) > 6:
        apply_diff(project, "apps/core/sitemaps.py", read_diffs(project)[4])


def add_switcher(project: Project) -> None:
    """Add the language switcher, as in the document."""
    urls, template = read_diffs(project)[-2:]
    apply_diff(project, "config/urls.py", urls)
    apply_diff(project, "templates/base.html", template)
