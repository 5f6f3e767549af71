"""Loads a masked copy of another machine's database; `fab pull` calls it: docs/masking.md."""

import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connection

from apps.core import masked_copy


class Command(BaseCommand):
    help = "Fill an empty database with a masked copy, from standard input."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.introspection.table_names():
            raise CommandError("The database is not empty: fab pull creates a new one.")
        try:
            counts = masked_copy.read(sys.stdin.buffer, DEFAULT_DB_ALIAS)
        except masked_copy.CopyError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"{sum(counts.values())} rows in {len(counts)} tables, masked.")
