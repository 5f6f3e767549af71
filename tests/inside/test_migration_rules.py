"""`lintmigrations` reports migrations that are not backward compatible."""

from io import StringIO

import pytest
from apps.core import migration_rules
from django.core.management import CommandError, call_command
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

FIELDS: dict[str, models.Field] = {
    "id": models.AutoField(primary_key=True),
    "name": models.CharField(max_length=20),
    "kept": models.CharField(max_length=20, db_column="kept"),
    "note": models.TextField(null=True),
}
UNIQUE_CONSTRAINT = models.UniqueConstraint(fields=["name"], name="one")


def create_boat(name: str = "Boat") -> Operation:
    return migrations.CreateModel(name, [("id", models.AutoField(primary_key=True))])


def find_problems(*operations: Operation, contract: str = "") -> list[str]:
    before = ProjectState()
    for name in ("Ship", "Old"):
        before.add_model(ModelState("shop", name, list(FIELDS.items())))
    migration = type("Migration", (migrations.Migration,), {"operations": operations, "contract": contract})
    return list(migration_rules.find_problems(migration("0002", "shop"), before))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.DeleteModel("Ship"),
        migrations.RenameModel("Ship", "Vessel"),
        migrations.AlterModelTable("Ship", "vessels"),
        migrations.RemoveField("Ship", "name"),
        migrations.RenameField("Ship", "name", "title"),
        migrations.AddField("Ship", "size", models.IntegerField()),
        migrations.AddField("Ship", "size", models.IntegerField(default=0)),
        migrations.AlterField("Ship", "note", models.TextField(default="")),
        migrations.AlterField("Ship", "name", models.CharField(max_length=10)),
        migrations.AlterField("Ship", "name", models.CharField(max_length=20, unique=True)),
        migrations.AlterField("Ship", "name", models.IntegerField()),
        migrations.AlterField("Ship", "kept", models.CharField(max_length=20)),
        migrations.AddConstraint("Ship", UNIQUE_CONSTRAINT),
        migrations.AlterUniqueTogether("Ship", {("name", "note")}),
        migrations.RunSQL("alter table shop_ship drop column name"),
        migrations.RunSQL([("DROP TABLE shop_ship", None)]),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("Ship", "name")]),
    ],
    ids=lambda operation: str(operation.describe()),
)
def test_incompatible_operation(operation: Operation) -> None:
    """A migration that breaks the previous release is reported, unless it states why it is safe."""
    assert len(find_problems(operation)) == 1
    assert find_problems(operation, contract="Nothing has used it since 2.3.") == []


@pytest.mark.parametrize(
    "operation",
    [
        create_boat(),
        migrations.RenameField("Ship", "kept", "better"),
        migrations.AddField("Ship", "size", models.IntegerField(null=True)),
        migrations.AddField("Ship", "size", models.IntegerField(db_default=0)),
        migrations.AddField("Ship", "others", models.ManyToManyField("shop.Old")),
        migrations.AlterField("Ship", "name", models.CharField(max_length=30, null=True)),
        migrations.AddIndex("Ship", models.Index(fields=["name"], name="by_name")),
        migrations.AlterUniqueTogether("Ship", set()),
        migrations.RunSQL("UPDATE shop_ship SET note = ''"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState([], [migrations.RemoveField("Ship", "name")]),
    ],
    ids=lambda operation: str(operation.describe()),
)
def test_compatible_operation(operation: Operation) -> None:
    """A backward-compatible migration is not reported."""
    assert find_problems(operation) == []


def test_new_table() -> None:
    """A new table may be changed in the migration that creates it."""
    size = migrations.AddField("Boat", "size", models.IntegerField())
    assert find_problems(create_boat(), size) == []
    assert len(find_problems(create_boat("Canoe"), migrations.RemoveField("Ship", "note"))) == 1


def test_migrations_of_the_project() -> None:
    """The project's own migrations are backward compatible."""
    call_command("lintmigrations")


def test_command_reports_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lintmigrations` reports the migration's file."""
    migrated = MigrationLoader(None).disk_migrations.values()
    migration = next(each for each in migrated if type(each).__module__.startswith("apps."))
    broken = [*migration.operations, migrations.RunSQL("DROP TABLE somebody")]
    monkeypatch.setattr(type(migration), "operations", broken)
    file = type(migration).__module__.replace(".", "/")
    with pytest.raises(CommandError, match=f"{file}\\.py: "):
        call_command("lintmigrations", stdout=StringIO())
