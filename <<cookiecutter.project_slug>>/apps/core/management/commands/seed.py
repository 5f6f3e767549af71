"""Fills the database for development: each app's tests/factories.py may have a function `seed`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Fill the database with sample data; a second run adds what is missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("DEBUG is not true: sample data is not for production.")
        call_command("migrate", verbosity=0, interactive=False)
        for app in apps.get_app_configs():
            if not app.name.startswith("apps.") or not find_spec(f"{app.name}.tests"):
                continue
            if find_spec(name := f"{app.name}.tests.factories"):
                seed = getattr(import_module(name), "seed", None)
                if seed:
                    self.stdout.write(f"{app.verbose_name}: {seed()}")
