"""Rejects migrations that break the previous release: apps/core/migration_rules.py."""

from pathlib import Path
from sys import modules
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from apps.core.migration_rules import MARK, find_problems


class Command(BaseCommand):
    help = "Reject migrations that break the release that serves while they are applied."

    def handle(self, *args: Any, **options: Any) -> None:
        # Without a database: this checks the files, not what has been applied.
        loader = MigrationLoader(None)
        lines = []
        state = ProjectState()
        for key in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
            migration = loader.graph.nodes[key]
            file = Path(str(modules[type(migration).__module__].__file__))
            if file.is_relative_to(settings.BASE_DIR / "apps"):
                name = file.relative_to(settings.BASE_DIR)
                lines += [f"{name}: {text}" for text in find_problems(migration, state)]
            state = migration.mutate_state(state, preserve=False)
        if lines:
            raise CommandError(
                "\n".join(
                    [
                        *lines,
                        "See docs/deployment.md, or state in the migration why nothing breaks:"
                        f' {MARK} = "No release since 2.3 uses it."',
                    ]
                )
            )
