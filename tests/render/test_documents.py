"""The documents: links, paths, pictures and commands are valid."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests import documents
from tests.conftest import TEMPLATE, Bake

# The folders whose paths are checked, and paths that are created later.
FOLDERS = r"apps|assets|bash|config|deploy|docs|fabfile|templates|tests|static|\.devcontainer|\.github"
CREATED_LATER = ("static/dist", "config/rds.pem", "apps/locale")


# Few projects that together have every document, and every sentence that depends on an answer.
ANSWERS = {
    "default": {},
    "server": {"deploy": "server", "sign_up": "public"},
    "aws": {"deploy": "aws", "cms": "wagtail", "tasks": "database"},
    "everything": {
        "api": "ninja",
        "sign_up": "public",
        "cms": "wagtail",
        "tasks": "database",
        "deploy": "both",
    },
}


@pytest.fixture(params=ANSWERS.values(), ids=ANSWERS)
def project(request: pytest.FixtureRequest, bake_once: Bake) -> Path:
    """Return a project."""
    return bake_once(**request.param)


@pytest.fixture
def texts(project: Path) -> dict[Path, str]:
    """Return the documents of a project and of the template, by path."""
    files = [project / "README.md", *project.glob("docs/**/*.md")]
    return {file: file.read_text(encoding="utf-8") for file in [*files, *documents.list_template_documents()]}


def test_links_are_valid(texts: dict[Path, str]) -> None:
    """Links in documents lead to existing files and headings."""
    for file, text in texts.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if not path.startswith(("http:", "https:")):
                linked = file.parent / path if path else file
                assert linked.exists(), f"{file.name}: {target}"
                assert not anchor or anchor in list_anchors(linked), f"{file.name}: {target}"


def test_named_paths_exist(project: Path, texts: dict[Path, str]) -> None:
    """Files and folders that a project's documents name exist."""
    for file, text in texts.items():
        if TEMPLATE not in file.parents:
            for path in re.findall(rf"`((?:{FOLDERS})/[a-z0-9_./-]*)`", text):
                assert path.startswith(CREATED_LATER) or (project / path).exists(), f"{file.name}: {path}"


def test_pictures_exist(texts: dict[Path, str]) -> None:
    """Pictures in documents exist, and each picture in docs/images/ is shown."""
    shown = set()
    for file, text in texts.items():
        for path in re.findall(r"""(?:src|srcset)="([^"]+)"|!\[[^]]*\]\(([^)]+)\)""", text):
            picture = file.parent / "".join(path)
            assert picture.is_file(), f"{file.name}: {picture}"
            shown.add(picture.resolve())
    assert shown >= set(TEMPLATE.glob("docs/images/*"))


def test_commands_work_in_every_shell(texts: dict[Path, str]) -> None:
    """No comment follows a command in a document: zsh would pass it as arguments."""
    for file in texts:
        for block in documents.read_blocks(file):
            assert not re.search(r"(^|\s)#", block.text), f"{file.name}, line {block.line}"


def list_anchors(file: Path) -> set[str]:
    """Return GitHub's anchors of a document's headings."""
    tokens = MarkdownIt().parse(file.read_text(encoding="utf-8"))
    titles = [
        each.content
        for each, before in zip(tokens[1:], tokens, strict=False)
        if before.type == "heading_open"
    ]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_block_is_run(project: Path) -> None:
    """Tests run every shell block of a project's documents, or a comment says why not."""
    run = {*documents.list_project_documents(), *documents.ANSWERS}
    for file in [project / "README.md", *project.glob("docs/**/*.md")]:
        blocks = [block for block in documents.read_blocks(file) if not block.skip_reason]
        assert not blocks or str(file.relative_to(project)) in run, file.name
