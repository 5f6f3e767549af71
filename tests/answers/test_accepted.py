"""Answers that are accepted: any language and punctuation, and they come out right in every file."""

import ast
import json
import re
import subprocess
import tomllib
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from markdown_it import MarkdownIt

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE, Bake, find_tool, load_hook

NASTY = [
    "Bob's",
    'The "Best" Site',
    """'"' "'" '""",
    '"""',
    "'''",
    "back\\slash\\",
    "\\",
    "\\\\'\\\"\\n\\u0041\\N{DASH}",
    "a & b < c > d &amp; &copy; </title><script>alert(1)</script>",
    "{{ name }} {% if x %} {# note #} ${{ x }} ${HOME} $(id) `id` %s %(x)s {0}",
    "# Title",
    "a #b",
    "- item",
    "1. item",
    "2026) item",
    "2026.",
    "=",
    "***",
    "--- | *a* _b_ ~~c~~ [d](e) ![f](g) $h$ <https://i>",
    "~",
    "null",
    "yes",
    "3.10",
    "!tag &anchor *alias: value, [a] {b} @c",
    ":",
    "a: b",
    "Zürich naïve ½ ß",
    "🎉 👩‍💻 👍🏽 🇺🇳 ❤️",
    "موقع عربي",
    "אתר",
    "می‌خواهم",
    "中文网站",
    "日本語　サイト",
    "Сайт",
    "e\u0301 combining",
    "x" * 80,
]


class Template:
    """The template's files with Jinja in them, rendered as cookiecutter does but in memory."""

    def __init__(self) -> None:
        """Find them."""
        self.files = [
            path
            for path in sorted(PROJECT_TEMPLATE.rglob("*"))
            if path.is_file() and b"<< cookiecutter." in path.read_bytes()
        ]

    def render(self, **answers: str) -> dict[Path, str]:
        """Return each file's contents under its path in the project."""
        render = self.renderer(answers)
        return {path.relative_to(PROJECT_TEMPLATE): render(path.read_text("utf-8")) for path in self.files}

    def check(self, **answers: str) -> None:
        """Fail if pre_gen_project.py refuses an answer."""
        answers = json.loads(self.renderer(answers)("<< cookiecutter | tojson >>"))
        assert load_hook("pre_gen_project").validate(answers, "tested") == []

    def renderer(self, answers: dict[str, str]) -> Callable[[str], str]:
        """Return a function that renders a text with these answers and what follows from them."""
        context: dict[str, Any] = generate_context(str(TEMPLATE / "cookiecutter.json"), None, answers)
        context["cookiecutter"] = prompt_for_config(context, no_input=True)
        environment = create_env_with_context(context)
        return lambda text: environment.from_string(text).render(**context)


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the files with Jinja."""
    return Template()


@pytest.mark.parametrize("name", NASTY)
def test_names_are_rendered_unchanged(template: Template, name: str) -> None:
    """Unusual names are accepted, and read back unchanged from each file."""
    check_names(template, name, name, name)


def check_names(template: Template, name: str, description: str, author: str) -> None:
    """Fail unless these are accepted, and every file has them as they are."""
    answers = {"project_name": name, "description": description, "author": f"{author} <me@example.com>"}
    # The slug that follows from a name can be taken ("Test" gives test), which is not the question here.
    answers |= {"project_slug": "good_slug"}
    template.check(**answers)
    files = template.render(**answers)

    settings_file = constants(files[Path("config/settings.py")])
    assert settings_file["SITE_NAME"] == name
    assert settings_file["SITE_DESCRIPTION"] == description

    project = tomllib.loads(files[Path("pyproject.toml")])["project"]
    assert project["description"] == description
    assert project["authors"] == [{"name": author, "email": "me@example.com"}]

    if readme := files.get(Path("README.md")):
        words = html_text(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(readme))
        assert words.splitlines()[0] == spaces_joined(name)
        assert spaces_joined(description) in spaces_joined(words)

    for path, contents in files.items():
        parse(path, contents)


def constants(source: str) -> dict[str, Any]:
    """Return the module's names that are plain values."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def parse(path: Path, contents: str) -> None:
    """Fail if the file is not what its name says."""
    match path.suffix:
        case ".py":
            ast.parse(contents)
        case ".toml":
            tomllib.loads(contents)
        case ".json":
            json.loads(contents)
        case ".yml" | ".yaml":
            yaml.safe_load(contents)
        case ".md" | ".txt" | ".example" | "":
            assert contents
        case _:
            pytest.fail(f"No test reads {path} back, yet it holds an answer.")


def html_text(html: str) -> str:
    """Return the words of a page."""
    words: list[str] = []
    parser = HTMLParser()
    parser.handle_data = words.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(words)


def spaces_joined(text: str) -> str:
    """Return the text with single spaces, as HTML shows it."""
    return re.sub(r"[ \t\n]+", " ", text)


def test_ruff_formats_names_as_we_do(template: Template, tmp_path: Path) -> None:
    """The project's own formatter and linter leave the files with answers as they are."""
    long_email = f"{'a' * 60}@{'.'.join(['a' * 60] * 2)}"
    for number, name in enumerate(NASTY):
        answers = {"project_name": name, "description": name, "author": f"{name} <{long_email}>"}
        for path, contents in template.render(**answers).items():
            if path.suffix == ".py":
                (tmp_path / f"{path.stem}_{number}.py").write_text(contents, "utf-8")
    configuration = template.render()[Path("pyproject.toml")]
    (tmp_path / "pyproject.toml").write_text(configuration, "utf-8")

    # Alone in this folder, `config` is no package of the project: imports would be sorted otherwise.
    for command in (["format", "--diff"], ["check", "--ignore", "I"]):
        result = subprocess.run(
            [find_tool("ruff"), *command, "--quiet", tmp_path], capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Site", "my_site"),
        ("Bob's Café & Bar", "bob_s_cafe_bar"),
        ("2026", "site_2026"),
        ("中文", "zhong_wen"),
        ("!?", "my_site"),
        ("x" * 80, "x" * 40),
        ("abcdefghi " * 7 + "end", "abcdefghi_abcdefghi_abcdefghi_abcdefghi"),
    ],
)
def test_derived_slug(name: str, slug: str, template: Template) -> None:
    """The slug follows from the name, and is accepted."""
    template.check(project_name=name)
    assert template.renderer({"project_name": name})("<< cookiecutter.project_slug >>") == slug


@pytest.mark.parametrize(
    "email",
    [
        "a@b.co",
        "o'brien+web@example.com",
        "first.last_2@mail.example.com",
        "me@xn--bcher-kva.example",
        "1@1.example",
    ],
)
def test_author(email: str, template: Template) -> None:
    """A name, with marks of its own, and the usual forms of addresses."""
    answers = {"author": f"A <b> & C < D <{email}>"}
    template.check(**answers)
    project = tomllib.loads(template.render(**answers)[Path("pyproject.toml")])
    assert project["project"]["authors"] == [{"name": "A <b> & C < D", "email": email}]


@pytest.mark.parametrize(
    "slug", ["a", "site2", "my_site_2", "a" * 40, "django", "email", "print", "test", "manage"]
)
def test_slugs(slug: str, template: Template) -> None:
    """Words of letters and digits, whatever packages are called: nothing imports the slug."""
    template.check(project_slug=slug)


def test_a_slug_names_the_folder(bake: Bake) -> None:
    """The project is in a folder of that name."""
    assert bake(project_slug="my_site_2").name == "my_site_2"


def test_unassigned_characters_are_accepted(template: Template) -> None:
    """An emoji newer than this Python is accepted: only what is never assigned is refused."""
    newer = "\U0001faff"
    assert unicodedata.category(newer) == "Cn"
    template.check(project_name=f"My Site {newer}")
