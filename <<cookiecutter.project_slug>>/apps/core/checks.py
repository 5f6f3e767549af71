"""The site's own system checks: https://docs.djangoproject.com/en/6.1/topics/checks/"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Tags, register
from django.template.base import Lexer, TokenType

TEMPLATES = {".css", ".html", ".js", ".json", ".md", ".svg", ".txt", ".xml"}


@register(Tags.staticfiles)
def check_static_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each static file that the site's code refers to and that does not exist.

    `collectstatic` runs this check, so that building the image fails; `fab check` does too. It is
    off in development, where runserver must start before the stylesheets are built.
    """
    if settings.DEBUG:
        return []
    messages: list[CheckMessage] = []
    for path in list_source_files(settings.BASE_DIR):
        find = find_in_python if path.suffix == ".py" else find_in_template
        try:
            static_names = list(find((settings.BASE_DIR / path).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            messages.append(Error("This file is not UTF-8: convert it.", obj=path, id="core.E002"))
            continue
        messages += [
            Error(f"There is no static file {name!r}.", obj=f"{path}:{line}", id="core.E001")
            for line, name in static_names
            if not finders.find(urlsplit(name).path)
        ]
    return messages


@register(Tags.compatibility)
def check_time_zones(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error if USE_TZ is off: the site's code relies on aware datetimes."""
    hint = "Leave USE_TZ at its default, and set TIME_ZONE: times are stored in UTC."
    return [] if settings.USE_TZ else [Error("USE_TZ is false.", hint=hint, id="core.E003")]


def list_source_files(project: Path) -> list[Path]:
    """Return the site's Python files and templates, without tests and hidden files."""
    folders = [project / name for name in ("apps", "config", "templates")]
    files = sorted(file for folder in folders for file in folder.rglob("*.*") if file.is_file())
    return [
        path
        for path in (file.relative_to(project) for file in files)
        if not any(part.startswith(".") or part == "tests" for part in path.parts)
        and (path.suffix == ".py" or (path.suffix in TEMPLATES and "templates" in path.parts))
    ]


def find_in_template(text: str) -> Iterator[tuple[int, str]]:
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


def find_in_python(text: str) -> Iterator[tuple[int, str]]:
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
    """Return whether a name in a class Media refers to a static file."""
    return name.endswith((".css", ".js")) and not name.startswith(("/", "http:", "https:"))
