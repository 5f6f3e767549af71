"""A masked copy of the database as a stream: `dump_masked` writes it, `load_masked` reads it.

It is compressed text. The first line, in JSON, is the header; each table is a line of JSON, a line
for each row, and a line with END. The last two lines, in JSON, are the numbers of rows and the
digest of all lines before, to detect a truncated stream.

The database masks the data in the query that reads it: unmasked data never leaves it.
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

# Neither COPY nor JSON has such a row: https://www.postgresql.org/docs/current/sql-copy.html
END = b"\\.\n"
FORMAT = 1


class CopyError(Exception):
    """The copy is incomplete, insufficiently masked, or incompatible; the message says what to do."""


# --- Writing -----------------------------------------------------------------------------


def write(connection: BaseDatabaseWrapper, file: BinaryIO) -> None:
    """Write a consistent snapshot of the masked rows of all models that are not left out.

    Raises ValueError, before anything is written, if a field has no rule.
    """
    models = masking.list_copied_models()
    digest = hashlib.sha256()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as stream, snapshot(connection):

        def write_line(line: bytes) -> None:
            digest.update(line)
            stream.write(line)

        write_line(to_line(build_header(connection, models)))
        counts = {}
        for model, masked in models.items():
            table = model._meta.db_table
            columns = [get_column(field) for field in masking.list_fields(model)]
            write_line(to_line({"table": table, "columns": columns}))
            counts[table] = 0
            for row in read_rows(connection, model, masked):
                write_line(row)
                counts[table] += 1
            write_line(END)
        write_line(to_line({"rows": counts}))
        stream.write(to_line({"sha256": digest.hexdigest()}))


def build_header(connection: BaseDatabaseWrapper, models: dict[type[Model], Any]) -> dict[str, Any]:
    """Return the header: the database engine, the applied migrations and the masked columns."""
    masked = {model._meta.db_table: list_columns(model, rules) for model, rules in models.items()}
    return {
        "format": FORMAT,
        "vendor": connection.vendor,
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "masked": masked,
    }


def get_column(field: "Field[Any, Any]") -> str:
    """Return the name of a field's column."""
    return str(field.column)


def list_columns(model: type[Model], rules: Iterable[str]) -> list[str]:
    """Return the columns of a model's masked fields."""
    return [get_column(field) for field in masking.list_fields(model) if field.name in rules]


def read_rows(
    connection: BaseDatabaseWrapper, model: type[Model], masked: dict[str, Any]
) -> Iterator[bytes]:
    """Yield a model's masked rows as lines of PostgreSQL's COPY or of JSON."""
    expressions = [
        with_field_type(masked[field.name], field) if field.name in masked else field.attname
        for field in masking.list_fields(model)
    ]
    queryset = model._base_manager.using(connection.alias).order_by().values_list(*expressions)
    sql, values = queryset.query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            ops: Any = connection.ops
            query = ops.compose_sql(sql, values)
            with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
                yield from map(bytes, copy)
            return
        cursor.execute(sql, values)
        while batch := cursor.fetchmany(1000):
            yield from map(to_line, batch)


def with_field_type(rule: Expression, field: "Field[Any, Any]") -> ExpressionWrapper:
    """Return a rule as an expression with a field's type, which Value(None) lacks."""
    return ExpressionWrapper(rule, output_field=getattr(field, "target_field", field))


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Make all queries in the block see the database as it is now; with SQLite, writers wait meanwhile."""
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
    """Return a value as a line of JSON, with dates as text and bytes in base64."""
    return json.dumps(value, default=encode, separators=(",", ":")).encode() + b"\n"


def encode(value: Any) -> Any:
    """Return the substitute for a value that JSON does not support."""
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    return str(value)


def decode(value: Any) -> Any:
    """Return the value that `encode` has replaced."""
    return b64decode(value["base64"]) if isinstance(value, dict) else value


# --- Reading -----------------------------------------------------------------------------


def read(file: BinaryIO, alias: str) -> dict[str, int]:
    """Create the tables in an empty database, fill them, and return the number of rows of each.

    The tables are created as in the copied database; `migrate` can continue from there.
    Raises CopyError, and leaves no row, if the copy is truncated or insufficiently masked.
    """
    lines = Lines(file)
    header = lines.read_json()
    validate_header(connections[alias], header)
    migrate_to(connections[alias], {tuple(each) for each in header["migrations"]})
    try:
        with transaction.atomic(using=alias):
            return fill(connections[alias], lines, header)
    except DatabaseError as error:
        raise CopyError(f"The database refused a row: {str(error).splitlines()[0]}") from error


class Lines:
    """The lines of a copy; adds each line that it reads to the digest."""

    def __init__(self, file: BinaryIO) -> None:
        self.stream, self.digest = gzip.GzipFile(fileobj=file), hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rows of a table."""
        while (line := self.read_line()) != END:
            yield line

    def read_line(self) -> bytes:
        """Return the next line; raise CopyError if there is none."""
        try:
            line = self.stream.readline()
        except (EOFError, OSError, zlib.error):
            line = b""
        if not line.endswith(b"\n"):
            raise CopyError("The copy was cut off: try again.")
        self.digest.update(line)
        return line

    def read_json(self) -> Any:
        """Return the JSON in the next line; raise CopyError if it is not JSON."""
        try:
            return json.loads(self.read_line())
        except ValueError:
            raise CopyError("This is not a masked copy: fab pull creates one.") from None


def validate_header(connection: BaseDatabaseWrapper, header: dict[str, Any]) -> None:
    """Raise CopyError if a copy with this header cannot or must not be loaded here."""
    if header.get("format") != FORMAT:
        raise CopyError("The copy is from another release: update that site, or this checkout.")
    if header["vendor"] != connection.vendor:
        raise CopyError(
            f"The copy is from {header['vendor']}, but this database is {connection.vendor}."
        )
    required = {
        model._meta.db_table: list_columns(model, rules)
        for model, rules in masking.list_copied_models().items()
    }
    for table, columns in header["masked"].items():
        if table not in required:
            raise CopyError(f"The copy has a table {table} that is left out or unknown here.")
        if missing := set(required[table]) - set(columns):
            names = ", ".join(sorted(missing))
            raise CopyError(f"{table}: {names} must be masked but was not: deploy the rule first.")


def migrate_to(connection: BaseDatabaseWrapper, migrations: set[Any]) -> None:
    """Create the tables in an empty database with these migrations.

    Raises CopyError if this checkout lacks one of them.
    """
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    if unknown := sorted(migrations - executor.loader.disk_migrations.keys()):
        name = ".".join(unknown[0])
        raise CopyError(f"That site is newer and has the migration {name}: git pull first.")
    nodes = migrations & graph.nodes.keys()

    def list_children(node: Any) -> list[Any]:
        return [child.key for child in graph.node_map[node].children]

    # Only each app's last migrations: an earlier target would mean to reverse the later ones.
    last = [
        node
        for node in sorted(nodes)
        if not any(child[0] == node[0] and child in nodes for child in list_children(node))
    ]
    executor.migrate(last)


def fill(connection: BaseDatabaseWrapper, lines: Lines, header: dict[str, Any]) -> dict[str, int]:
    """Replace the rows that migrations have created; return the number of rows of each table."""
    tables = set(connection.introspection.table_names())
    tables.remove(MigrationRecorder.Migration._meta.db_table)
    sql = connection.ops.sql_flush(no_style(), sorted(tables), allow_cascade=True)
    with connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)
    counts = {}
    while "table" in (value := lines.read_json()):
        counts[value["table"]] = insert_rows(connection, value["table"], value["columns"], lines)
    digest = lines.digest.hexdigest()
    if value.get("rows") != counts or lines.read_json().get("sha256") != digest:
        raise CopyError("The copy is damaged: its row counts do not match.")
    if counts.keys() != header["masked"].keys():
        raise CopyError("The copy is damaged: a table is missing.")
    reset_sequences(connection, list(counts))
    connection.check_constraints()
    return counts


def insert_rows(
    connection: BaseDatabaseWrapper, table: str, columns: list[str], lines: Lines
) -> int:
    """Insert rows into a table and return their number."""
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
        placeholders = ", ".join(["%s"] * len(columns))
        insert = f"INSERT INTO {quote(table)} ({names}) VALUES ({placeholders})"  # noqa: S608
        for batch in batched(lines, 1000):
            values = [[decode(value) for value in json.loads(line)] for line in batch]
            cursor.executemany(insert, values)
            count += len(batch)
    return count


def reset_sequences(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """Make the IDs of new rows follow those of the inserted ones; SQLite does so automatically."""
    if connection.vendor != "postgresql":
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        sequences = [connection.introspection.get_sequences(cursor, table) for table in tables]
        for sequence in chain(*sequences):
            largest = f"SELECT COALESCE(max({quote(sequence['column'])}), 0) + 1 FROM {quote(sequence['table'])}"  # noqa: S608
            cursor.execute(f"SELECT setval(%s, ({largest}), false)", [sequence["name"]])
