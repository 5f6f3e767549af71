"""A masked copy of the database as a stream: `dump_masked` writes it, `load_masked` reads it.

It is compressed text. The first line is JSON and says how it was made; then each table is a line
of JSON, its rows a line each and a line with END. The last line, JSON again, counts the rows and
has the digest of all that comes before, so that a stream that was cut off is known.

Masking is done by the database, in the query that reads the rows: nothing else leaves it.
"""

import gzip
import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import batched, chain
from typing import Any, BinaryIO

from django.core.management.color import no_style
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Expression, ExpressionWrapper, Field, Model

from apps.core import masking

# No row of COPY is this, and none of JSON: https://www.postgresql.org/docs/current/sql-copy.html
END = b"\\.\n"
FORMAT = 1


class CopyError(Exception):
    """The copy is not complete, not masked as it must be, or does not fit here; says what to do."""


# --- Writing -----------------------------------------------------------------------------


def write(connection: BaseDatabaseWrapper, file: BinaryIO) -> None:
    """Write the masked rows of all models that are not left out, as of one moment.

    Raises ValueError, before anything is written, if a field has no rule.
    """
    models = masking.copied()
    digest = hashlib.sha256()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as stream, snapshot(connection):

        def write_line(line: bytes) -> None:
            digest.update(line)
            stream.write(line)

        write_line(to_line(make_header(connection, models)))
        counts = {}
        for model, masked in models.items():
            table = model._meta.db_table
            columns = [column_name(field) for field in masking.fields(model)]
            write_line(to_line({"table": table, "columns": columns}))
            counts[table] = 0
            for row in rows(connection, model, masked):
                write_line(row)
                counts[table] += 1
            write_line(END)
        write_line(to_line({"rows": counts}))
        stream.write(to_line({"sha256": digest.hexdigest()}))


def make_header(connection: BaseDatabaseWrapper, models: dict[type[Model], Any]) -> dict[str, Any]:
    """Return what a reader must know: the engine, the state of the tables, what was masked."""
    return {
        "format": FORMAT,
        "vendor": connection.vendor,
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "masked": {model._meta.db_table: masked_columns(model, of) for model, of in models.items()},
    }


def column_name(field: "Field[Any, Any]") -> str:
    """Return the name of a field's column."""
    return str(field.column)


def masked_columns(model: type[Model], rules: Iterable[str]) -> list[str]:
    """Return the columns of a model's masked fields."""
    return [column_name(field) for field in masking.fields(model) if field.name in rules]


def rows(
    connection: BaseDatabaseWrapper, model: type[Model], masked: dict[str, Any]
) -> Iterator[bytes]:
    """Yield a model's rows as lines, masked: of PostgreSQL's COPY, or of JSON."""
    chosen = [
        with_field_type(masked[field.name], field) if field.name in masked else field.attname
        for field in masking.fields(model)
    ]
    found = model._base_manager.using(connection.alias).order_by().values_list(*chosen)
    sql, values = found.query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            ops: Any = connection.ops
            query = ops.compose_sql(sql, values)
            with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
                yield from map(bytes, copy)
            return
        cursor.execute(sql, values)
        while some := cursor.fetchmany(1000):
            yield from map(to_line, some)


def with_field_type(rule: Expression, field: "Field[Any, Any]") -> ExpressionWrapper:
    """Return a rule as an expression of a field's type, which Value(None) lacks."""
    return ExpressionWrapper(rule, output_field=getattr(field, "target_field", field))


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let all queries within see the database as it is now; SQLite lets who writes wait meanwhile."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def to_line(value: Any) -> bytes:
    """Return a value as a line of JSON; dates are what Django writes, and bytes are in base64."""
    return json.dumps(value, default=encode, separators=(",", ":")).encode() + b"\n"


def encode(value: Any) -> Any:
    """Return what stands for a value that JSON does not have."""
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    return str(value)


def decode(value: Any) -> Any:
    """Return the value that `encoded` has replaced."""
    return b64decode(value["base64"]) if isinstance(value, dict) else value


# --- Reading -----------------------------------------------------------------------------


def read(file: BinaryIO, alias: str) -> dict[str, int]:
    """Make the tables in an empty database, fill them, and return the number of rows of each.

    The tables are created as in the copied database; `migrate` can continue from there.
    Raises CopyError, and leaves no row, if the copy was cut off or is not masked as it must be.
    """
    lines = Lines(file)
    first = lines.value()
    validate_header(connections[alias], first)
    migrate_to(connections[alias], {tuple(each) for each in first["migrations"]})
    try:
        with transaction.atomic(using=alias):
            return fill(connections[alias], lines, first)
    except DatabaseError as error:
        raise CopyError(f"The database refused a row: {str(error).splitlines()[0]}") from error


class Lines:
    """The lines of a copy; counts what it reads into the digest."""

    def __init__(self, file: BinaryIO) -> None:
        self.stream, self.digest = gzip.GzipFile(fileobj=file), hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rows of a table."""
        while (line := self.next()) != END:
            yield line

    def next(self) -> bytes:
        """Return the next line; raise CopyError if there is none."""
        try:
            line = self.stream.readline()
        except (EOFError, OSError, zlib.error):
            line = b""
        if not line.endswith(b"\n"):
            raise CopyError("The copy was cut off: try again.")
        self.digest.update(line)
        return line

    def value(self) -> Any:
        """Return what the next line has as JSON; raise CopyError if that is nothing."""
        try:
            return json.loads(self.next())
        except ValueError:
            raise CopyError("This is not a masked copy: fab pull makes one.") from None


def validate_header(connection: BaseDatabaseWrapper, first: dict[str, Any]) -> None:
    """Raise CopyError if a copy with this first line must not, or cannot, be taken in here."""
    if first.get("format") != FORMAT:
        raise CopyError("The copy is from another release: update that site, or this checkout.")
    if first["vendor"] != connection.vendor:
        raise CopyError(
            f"The copy is from {first['vendor']}, but this database is {connection.vendor}."
        )
    here = {
        model._meta.db_table: masked_columns(model, of) for model, of in masking.copied().items()
    }
    for table, there in first["masked"].items():
        if table not in here:
            raise CopyError(f"The copy has a table {table} that is left out or unknown here.")
        if missing := set(here[table]) - set(there):
            names = ", ".join(sorted(missing))
            raise CopyError(f"{table}: {names} must be masked and was not: deploy the rule first.")


def migrate_to(connection: BaseDatabaseWrapper, there: set[Any]) -> None:
    """Make the tables of an empty database as these migrations leave them.

    Raises CopyError if one of them is not known here.
    """
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    if unknown := sorted(there - executor.loader.disk_migrations.keys()):
        name = ".".join(unknown[0])
        raise CopyError(f"That site is newer and has the migration {name}: git pull first.")
    nodes = there & graph.nodes.keys()

    def children(node: Any) -> list[Any]:
        return [child.key for child in graph.node_map[node].children]

    # An app's last ones alone: to name one that is done already would mean to go back to it.
    last = [
        node
        for node in sorted(nodes)
        if not any(child[0] == node[0] and child in nodes for child in children(node))
    ]
    executor.migrate(last)


def fill(connection: BaseDatabaseWrapper, lines: Lines, first: dict[str, Any]) -> dict[str, int]:
    """Put the rows in, in place of those that migrations have made; return how many each table has."""
    made = set(connection.introspection.table_names())
    made.remove(MigrationRecorder.Migration._meta.db_table)
    sql = connection.ops.sql_flush(no_style(), sorted(made), allow_cascade=True)
    with connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)
    counts = {}
    while "table" in (value := lines.value()):
        counts[value["table"]] = insert_rows(connection, value["table"], value["columns"], lines)
    digest = lines.digest.hexdigest()
    if value.get("rows") != counts or lines.value().get("sha256") != digest:
        raise CopyError("The copy is damaged: its row counts do not match.")
    if counts.keys() != first["masked"].keys():
        raise CopyError("The copy is damaged: a table is missing.")
    reset_sequences(connection, list(counts))
    connection.check_constraints()
    return counts


def insert_rows(
    connection: BaseDatabaseWrapper, table: str, columns: list[str], lines: Lines
) -> int:
    """Put rows into a table and return how many there were."""
    count = 0
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
                for row in lines:
                    copy.write(row)
                    count += 1
            return count
        marks = ", ".join(["%s"] * len(columns))
        insert = f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})"  # noqa: S608
        for some in batched(lines, 1000):
            values = [[decode(value) for value in json.loads(line)] for line in some]
            cursor.executemany(insert, values)
            count += len(some)
    return count


def reset_sequences(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """Let the ids of new rows follow those of the inserted ones; SQLite does so automatically."""
    if connection.vendor != "postgresql":
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        found = [connection.introspection.get_sequences(cursor, table) for table in tables]
        for sequence in chain(*found):
            largest = f"SELECT COALESCE(max({quote(sequence['column'])}), 0) + 1 FROM {quote(sequence['table'])}"  # noqa: S608
            cursor.execute(f"SELECT setval(%s, ({largest}), false)", [sequence["name"]])
