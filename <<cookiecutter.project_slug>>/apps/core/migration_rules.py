"""Migration operations that break the previous release, which serves during a deployment.

After a rollback, too, old code runs with the new tables. docs/deployment.md explains how to make
a change in two releases instead: expand, then contract.
"""

import re
from collections.abc import Iterator, Sequence

from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field

# A migration sets this attribute to the reason why it does not break a release that may still run.
MARK = "contract"
HARMFUL_SQL = re.compile(r"\b(DROP|RENAME|TRUNCATE|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
REMOVED = (
    "old code still reads and writes it: stop using it in one release, remove it in a later one"
)
RENAMED = "old code uses the old name: add the new one, copy, and remove the old one later"
REFUSED = "old code may write rows that this rejects: first deploy a release that does not"


def find_problems(migration: Migration, before: ProjectState) -> Iterator[str]:
    """Yield a line for each operation that breaks old code, or nothing if the migration has MARK.

    `before` is the state of the models before the migration.
    """
    if getattr(migration, MARK, ""):
        return
    state, label = before.clone(), migration.app_label
    # Old code does not use tables that the migration itself creates.
    new: set[str] = set()
    for operation in flatten(migration.operations):
        if isinstance(operation, operations.CreateModel):
            new.add(operation.name_lower)
        elif get_model(operation) not in new and (problem := find_problem(operation, state, label)):
            yield f"{operation.describe()}: {problem}."
        operation.state_forwards(label, state)


def flatten(sequence: Sequence[Operation]) -> Iterator[Operation]:
    """Yield the operations that change the database."""
    for operation in sequence:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from flatten(operation.database_operations)
        else:
            yield operation


def get_model(operation: Operation) -> str:
    """Return the name of an operation's model in lowercase."""
    name = getattr(operation, "model_name", "") or getattr(operation, "name", "") or ""
    return str(name).lower()


def find_problem(operation: Operation, state: ProjectState, label: str) -> str:
    """Return why an operation breaks old code, or ""."""
    match operation:
        case operations.DeleteModel() | operations.RemoveField():
            return REMOVED
        case operations.RenameModel() | operations.AlterModelTable():
            return RENAMED
        case operations.RenameField():
            old = state.models[label, operation.model_name_lower].fields[operation.old_name]
            return "" if old.db_column else RENAMED
        case operations.AddField() if is_required(operation.field):
            return "old code writes rows without it: give it null=True or db_default"
        case operations.AlterField():
            old = state.models[label, operation.model_name_lower].fields[operation.name]
            return find_field_problem(old, operation.field)
        case operations.AddConstraint():
            return REFUSED
        case operations.AlterUniqueTogether() if operation.option_value:
            return REFUSED
        case operations.RunSQL() if HARMFUL_SQL.search(str(operation.sql)):
            return "it removes or changes what old code may use"
    return ""


def is_required(field: Field) -> bool:
    """Return whether a row cannot be inserted without a value for this column.

    Only new code knows Django's `default`: it is not in the database.
    """
    has_column = not field.many_to_many and not field.generated
    return has_column and not field.null and not field.has_db_default()


def find_field_problem(old: Field, new: Field) -> str:
    """Return why the change of a column breaks old code, or ""."""
    if old.db_column != new.db_column:
        return RENAMED
    if old.get_internal_type() != new.get_internal_type():
        return "old code uses the old type: add a new column, copy, and remove the old one later"
    shorter = new.max_length and (not old.max_length or new.max_length < old.max_length)
    if (old.null and not new.null) or (new.unique and not old.unique) or shorter:
        return REFUSED
    return ""
