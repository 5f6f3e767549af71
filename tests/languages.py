"""Adds a language to a generated project by the steps of its docs/translation.md, as a reader types them."""

import subprocess
from pathlib import Path

from markdown_it import MarkdownIt

from tests import documents, terminal
from tests.project import Project

# The language of the document's example, as Django's commands and as its settings name it.
LOCALE, CODE, NAME = "pt_BR", "pt-br", "Português (Brasil)"


def document(project: Project) -> Path:
    """Return the document that has the steps."""
    return project.folder / "docs" / "translation.md"


def diffs(project: Project) -> list[str]:
    """Return the edits that the document shows, in their order."""
    tokens = MarkdownIt().parse(document(project).read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == "diff"]


def po_file(project: Project, locale: str) -> Path:
    """Return the file into which a translator writes."""
    return project.folder / "apps" / "locale" / locale / "LC_MESSAGES" / "django.po"


def collect(project: Project, locale: str) -> None:
    """Take step 1: collect the texts."""
    type_block(project, 0, locale)


def translate(project: Project, locale: str) -> None:
    """Take the first half of step 2 with a placeholder for each translation: the text in «»."""
    file = po_file(project, locale)
    filled = project.run("msgen", str(file)).stdout
    marked = subprocess.run(
        ["msgfilter", "--keep-header", "sed", r"s/\(.\+\)/«\1»/"],
        input=filled,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    file.write_text(marked, encoding="utf-8")


def compile_(project: Project) -> None:
    """Take the second half of step 2: compile the translations."""
    type_block(project, 1, LOCALE)


def type_block(project: Project, number: int, locale: str) -> None:
    """Type a shell block of the document, for this language."""
    block = list(documents.blocks(document(project)))[number]
    block.text = block.text.replace(LOCALE, locale)
    terminal.perform(block, project.folder, project.variables)


def add_to_settings(project: Project, code: str = CODE, name: str = NAME) -> None:
    """Take step 3: name the language in the settings, and add the middleware."""
    for diff in diffs(project)[:2]:
        edit(project, "config/settings.py", diff.replace(CODE, code).replace(NAME, name))


def edit(project: Project, name: str, diff: str) -> None:
    """Make an edit that the document shows; fail if the lines that it changes are not in the file once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if not line.startswith("+"))
    new = "".join(line[1:] for line in lines if not line.startswith("-"))
    replace(project, name, old, new)


def replace(project: Project, name: str, old: str, new: str) -> None:
    """Replace a text in a file of the project; fail if it is not there once."""
    file = project.folder / name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name}: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def add_urls(project: Project) -> None:
    """Put the language into the URLs, as the document says."""
    imports, patterns = diffs(project)[2:4]
    edit(project, "config/urls.py", imports)
    edit(project, "config/urls.py", patterns)
    if len(diffs(project)) > 6:
        edit(project, "apps/core/sitemaps.py", diffs(project)[4])


def add_switcher(project: Project) -> None:
    """Add the language switcher, as the document says."""
    urls, template = diffs(project)[-2:]
    edit(project, "config/urls.py", urls)
    edit(project, "templates/base.html", template)
