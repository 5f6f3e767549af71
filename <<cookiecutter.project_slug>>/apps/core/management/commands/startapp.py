"""Creates an app in apps/ with this project's layout, which differs from Django's."""

import keyword
import re
import sys
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.environment import BASE_DIR

CONFIG = """from django.apps import AppConfig


class {camel}Config(AppConfig):
    name = "apps.{name}"
"""


class Command(BaseCommand):
    help = "Create an app in apps/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The app's name, in lowercase: news")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        folder = BASE_DIR / "apps" / name
        labels = {config.label for config in apps.get_app_configs()}
        problems = {
            "an app's name has lowercase letters, digits and underscores, as in news_archive": (
                not re.fullmatch(r"[a-z][a-z0-9_]*", name, re.ASCII)
            ),
            "it is a keyword of Python": keyword.iskeyword(name) or keyword.issoftkeyword(name),
            f"apps/{name} exists already": folder.exists(),
            "an installed app has this label": name in labels,
            "a module of Python's standard library has this name": name in sys.stdlib_module_names,
        }
        if problem := next((text for text, applies in problems.items() if applies), ""):
            raise CommandError(f"No app can be called {name!r}: {problem}. Choose another name.")
        camel = "".join(word.capitalize() for word in name.split("_"))
        for file, text in {
            "__init__.py": "",
            "apps.py": CONFIG.format(camel=camel, name=name),
            "migrations/__init__.py": "",
            "models.py": "",
            "tests/__init__.py": "",
        }.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        self.stdout.write(f'Now add "apps.{name}" to INSTALLED_APPS in config/settings.py.')
