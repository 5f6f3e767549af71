"""Accepted answers: any language and punctuation, rendered correctly in every file."""

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

UNUSUAL_NAMES = [
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
    """The template's files that contain Jinja, rendered in memory as Cookiecutter renders them."""

    def __init__(self) -> None:
        """Find the files."""
        self.files = [
            path
            for path in sorted(PROJECT_TEMPLATE.rglob("*"))
            if path.is_file() and b"<< cookiecutter." in path.read_bytes()
        ]

    def render(self, **answers: str) -> dict[Path, str]:
        """Return the content of each file by its path in the project."""
        render = self.get_renderer(answers)
        return {path.relative_to(PROJECT_TEMPLATE): render(path.read_text("utf-8")) for path in self.files}

    def check(self, **answers: str) -> None:
        """Fail if pre_gen_project.py rejects an answer."""
        answers = json.loads(self.get_renderer(answers)("<< cookiecutter | tojson >>"))
        assert load_hook("pre_gen_project").validate(answers, "tested") == []

    def get_renderer(self, answers: dict[str, str]) -> Callable[[str], str]:
        """Return a function that renders text with these answers and the values derived from them."""
        context: dict[str, Any] = generate_context(str(TEMPLATE / "cookiecutter.json"), None, answers)
        context["cookiecutter"] = prompt_for_config(context, no_input=True)
        environment = create_env_with_context(context)
        return lambda text: environment.from_string(text).render(**context)


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the files that contain Jinja."""
    return Template()


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
def test_names_are_rendered_unchanged(template: Template, name: str) -> None:
    """Unusual names are accepted and rendered unchanged in each file."""
    check_names(template, name, name, name)


def check_names(template: Template, name: str, description: str, author: str) -> None:
    """Fail unless these answers are accepted and rendered unchanged in every file."""
    answers = {"project_name": name, "description": description, "author": f"{author} <me@example.com>"}
    # A slug derived from a name can be reserved ("Test" gives test), which is not tested here.
    answers |= {"project_slug": "good_slug"}
    template.check(**answers)
    files = template.render(**answers)

    settings_file = read_constants(files[Path("config/settings.py")])
    assert settings_file["SITE_NAME"] == name
    assert settings_file["SITE_DESCRIPTION"] == description

    project = tomllib.loads(files[Path("pyproject.toml")])["project"]
    assert project["description"] == description
    assert project["authors"] == [{"name": author, "email": "me@example.com"}]

    if readme := files.get(Path("README.md")):
        words = extract_text(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(readme))
        assert collapse_whitespace(words.splitlines()[0]) == collapse_whitespace(name)
        assert collapse_whitespace(description) in collapse_whitespace(words)

    for path, contents in files.items():
        check_syntax(path, contents)


def read_constants(source: str) -> dict[str, Any]:
    """Return the module's names that are assigned constants."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def check_syntax(path: Path, contents: str) -> None:
    """Fail if the file does not parse as the type in its name."""
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
            pytest.fail(f"{path} contains an answer, but no test parses it.")


def extract_text(html: str) -> str:
    """Return the text of an HTML page."""
    words: list[str] = []
    parser = HTMLParser()
    parser.handle_data = words.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(words)


def collapse_whitespace(text: str) -> str:
    """Return the text with whitespace collapsed, as a browser shows it."""
    return re.sub(r"[ \t\n]+", " ", text)


def test_ruff_leaves_rendered_names_unchanged(template: Template, tmp_path: Path) -> None:
    """The project's own formatter and linter change no file that contains an answer."""
    long_email = f"{'a' * 60}@{'.'.join(['a' * 60] * 2)}"
    for number, name in enumerate(UNUSUAL_NAMES):
        answers = {"project_name": name, "description": name, "author": f"{name} <{long_email}>"}
        for path, contents in template.render(**answers).items():
            if path.suffix == ".py":
                (tmp_path / f"{path.stem}_{number}.py").write_text(contents, "utf-8")
    configuration = template.render()[Path("pyproject.toml")]
    (tmp_path / "pyproject.toml").write_text(configuration, "utf-8")

    # Ignore import sorting: in this folder `config` is not a first-party package.
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
def test_slug_is_derived_from_the_name(name: str, slug: str, template: Template) -> None:
    """The slug is derived from the name, and is accepted."""
    template.check(project_name=name)
    assert template.get_renderer({"project_name": name})("<< cookiecutter.project_slug >>") == slug


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
def test_author_is_accepted(email: str, template: Template) -> None:
    """The author's name may contain punctuation, and the usual forms of email addresses are accepted."""
    answers = {"author": f"A <b> & C < D <{email}>"}
    template.check(**answers)
    project = tomllib.loads(template.render(**answers)[Path("pyproject.toml")])
    assert project["project"]["authors"] == [{"name": "A <b> & C < D", "email": email}]


@pytest.mark.parametrize(
    "slug", ["a", "site2", "my_site_2", "a" * 40, "django", "email", "print", "test", "manage"]
)
def test_slug_is_accepted(slug: str, template: Template) -> None:
    """A slug of lowercase letters, digits and underscores is accepted, even if a package has that name."""
    template.check(project_slug=slug)


def test_a_slug_names_the_folder(bake: Bake) -> None:
    """The project's folder is named by the slug."""
    assert bake(project_slug="my_site_2").name == "my_site_2"


def test_unassigned_characters_are_accepted(template: Template) -> None:
    """An emoji newer than this Python is accepted; only noncharacters are rejected."""
    newer = "\U0001faff"
    assert unicodedata.category(newer) == "Cn"
    template.check(project_name=f"My Site {newer}")
