"""Writes a masked copy of the database, for `fab pull` on another machine: docs/masking.md."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from apps.core import masked_copy


class Command(BaseCommand):
    help = "Write a masked copy of the database to standard output, for `fab pull`."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if sys.stdout.isatty():
            raise CommandError("This is not for a terminal: type fab pull on your own machine.")
        # Log output must not get into the copy.
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as copy:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            try:
                masked_copy.write(connection, copy)
            except ValueError as error:
                raise CommandError(f"The rules for masking are not complete:\n{error}") from None
