"""A project's documents name existing tasks, and their examples work."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.conftest import Bake
from tests.project import Install, Project, replace_once

# Code blocks with a file's path in their first line.
EXAMPLE = re.compile(
    r"^```(?:python|django)\n(?:#|\{#) (apps/\S+)(?: #\})?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
# The lines that the examples add: the file, the line above, and the new line.
LINES = (
    ("config/settings.py", '    "apps.accounts",\n', '    "apps.shop",\n'),
    ("config/settings.py", "env = read()\n", 'SHOP_CURRENCY = env["SHOP_CURRENCY"]\n'),
    ("config/environment.py", "    # --- Data\n", '    Variable("SHOP_CURRENCY", "str", "EUR"),\n'),
    (
        "config/urls.py",
        '    path("", include("apps.core.urls")),\n',
        '    path("shop/", include("apps.shop.urls")),\n',
    ),
    ("apps/core/sitemaps.py", '["core:home"', ', "shop:index"'),
)
VISIT = '''
def test_visit(client, settings):
    """The page is served and in the sitemap."""
    assert "<h1>Shop</h1>" in client.get("/shop/").text
    assert "/shop/</loc>" in client.get("/sitemap.xml").text
    assert settings.SHOP_CURRENCY == "EUR"
'''


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_documented_tasks_exist(deploy: str, bake: Bake, install: Install) -> None:
    """Every task that a document names exists."""
    project = install(bake(deploy=deploy, tasks="none" if deploy == "none" else "database"))
    tasks = set(re.findall(r"^  ([\w.-]+)  ", project.run("fab", "--list").stdout, re.MULTILINE))
    groups = {name.partition(".")[0] for name in tasks if "." in name}
    for document in [project.folder / "README.md", *project.folder.glob("docs/**/*.md")]:
        names = set(re.findall(r"\bfab ([a-z][\w-]*(?:\.\w[\w-]*)?)", extract_code(document)))
        assert names <= tasks | groups, document.name


def test_task_list_fits_80_columns(bake: Bake, install: Install) -> None:
    """`fab --list` shows each task on one line at 80 columns."""
    project = install(bake(deploy="both", tasks="database"))
    lines = project.run("fab", "--list", COLUMNS="80").stdout.splitlines()
    tasks = lines[lines.index("Available tasks:") + 1 :]
    assert [line for line in tasks if line and not re.match(r"  \S+  +\S", line)] == []


def extract_code(document: Path) -> str:
    """Return a document's code, one piece per line."""
    tokens = MarkdownIt().enable("table").parse(document.read_text(encoding="utf-8"))
    pieces = [token for each in tokens for token in [each, *(each.children or [])]]
    return "\n".join(token.content for token in pieces if token.type in {"code_inline", "fence"})


def test_examples_of_a_page_and_a_variable(project: Project) -> None:
    """The documents' examples of a page and a variable work as written, and pass the linters."""
    documents = [project.folder / "docs" / name for name in ("development.md", "configuration.md")]
    text = "".join(document.read_text(encoding="utf-8") for document in documents)
    project.run("fab", "startapp", "shop")
    files = EXAMPLE.findall(text)
    assert len(files) == 2
    for name, code in files:
        (project.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / name).write_text(code, encoding="utf-8")
    for name, anchor, line in LINES:
        assert f"`{line.strip(' ,\n')}" in text
        replace_once(project.folder / name, anchor, f"{anchor}{line}")
    project.run("ruff", "check", ".")
    project.run("ruff", "format", "--check", ".")
    project.run("djlint", "--quiet", "--check", "--lint", "apps/shop")
    (project.folder / "apps/shop/tests/test_page.py").write_text(VISIT)
    project.run("python", "-m", "pytest", "--quiet", "--numprocesses=0", "apps/shop")
