"""Checks of this site's own: https://docs.djangoproject.com/en/6.1/topics/checks/"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Tags, register
from django.template.base import Lexer, TokenType


@register(Tags.staticfiles)
def check_static_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each static file that is named in the site's code and is not there.

    `collectstatic` runs it, so that no image is made of such code; `fab check` does too. Not in
    development, where the stylesheets may not be built yet and runserver would not start.
    """
    if settings.DEBUG:
        return []
    return [
        Error(f"There is no static file {name!r}.", obj=f"{path}:{line}", id="core.E001")
        for path, line, name in static_names(settings.BASE_DIR)
        if not finders.find(urlsplit(name).path)
    ]


def static_names(project: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield each static file's name that is written out in code, with its file and line."""
    files = sorted(
        file for name in ("apps", "config", "templates") for file in (project / name).rglob("*.*")
    )
    for file in files:
        path = file.relative_to(project)
        if "tests" in path.parts or "__pycache__" in path.parts:
            continue
        if path.suffix == ".py":
            found = names_in_python(file.read_text(encoding="utf-8"))
        elif "templates" in path.parts:
            found = names_in_template(file.read_text(encoding="utf-8"))
        else:
            continue
        yield from ((path, line, name) for line, name in found)


def names_in_template(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each {% static "name" %}."""
    is_comment = False
    for token in Lexer(text).tokenize():
        words = token.split_contents() if token.token_type == TokenType.BLOCK else []
        match words:
            case ["comment" | "endcomment" as tag, *_]:
                is_comment = tag == "comment"
            case ["static", name, *_] if name[0] in "'\"" and name[-1] == name[0]:
                if not is_comment:
                    yield token.lineno or 0, name[1:-1]


def names_in_python(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each static("name"), and of each file in a class Media."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Name(id="static") | ast.Attribute(attr="static"),
                args=[ast.Constant(value=str(name))],
                keywords=[],
            ):
                yield node.lineno, name
            case ast.ClassDef(name="Media"):
                for value in ast.walk(node):
                    match value:
                        case ast.Constant(value=str(name)) if is_local_file(name):
                            yield value.lineno, name


def is_local_file(name: str) -> bool:
    """Whether a form's or widget's Media means a static file by this."""
    return name.endswith((".css", ".js")) and not name.startswith(("/", "http:", "https:"))
