"""Dumps, masked copies and seed data on SQLite, without Docker, with a real SSH server."""

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.people import add_people_app
from tests.project import Install, Project
from tests.ssh import Relay, Server, make_key, run_sshd


@pytest.fixture(scope="module")
def project(cookies_session, install: Install) -> Project:
    """Return a project with an additional app and the data of `fab seed`."""
    project = install(cookies_session.bake(extra_context={"deploy": "server"}).project_path)
    add_people_app(project.folder)
    project.run("fab", "manage", "makemigrations people")
    project.run("fab", "seed")
    return project


def query(file: Path, sql: str) -> list[tuple]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(file)) as database:
        return database.execute(sql).fetchall()


def create_table(file: Path, table: str, values: list[tuple]) -> None:
    """Recreate a table with these rows."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"DROP TABLE IF EXISTS {table}")
        database.execute(f"CREATE TABLE {table} (a, b, c)")
        database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", values)


def summarize(file: Path) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a checksum of each table."""
    tables = [name for (name,) in query(file, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    contents = {name: query(file, f'SELECT * FROM "{name}" ORDER BY rowid') for name in tables}
    return {
        name: (len(each), hashlib.sha256(repr(each).encode()).hexdigest()) for name, each in contents.items()
    }


# --- Seed data ----------------------------------------------------------------------------


def test_seed(project: Project) -> None:
    """`fab seed` migrates and creates users with one superuser; it is idempotent."""
    database = project.folder / "db.sqlite3"
    before = query(database, "SELECT * FROM accounts_user")
    assert len(before) > 10
    assert "admin@example.org" in project.run("fab", "seed").stdout
    assert query(database, "SELECT * FROM accounts_user") == before
    assert query(database, "SELECT email FROM accounts_user WHERE is_superuser") == [("admin@example.org",)]


def test_seed_in_production(project: Project) -> None:
    """`fab seed` fails in production, with an error message in one line."""
    production = {"DEBUG": "false", "ALLOWED_HOSTS": "www.site.test", "EMAIL_URL": "smtp://localhost"}
    database = project.folder / "production.sqlite3"
    result = project.run("fab", "seed", check=False, DATABASE_URL=f"sqlite:///{database}", **production)
    assert result.returncode == 1
    assert "production" in result.stdout
    assert "Traceback" not in result.stdout
    assert not database.exists()


# --- Dumps --------------------------------------------------------------------------------

CELL = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(st.tuples(CELL, CELL, CELL), max_size=50))
def test_dump_drop_restore(project: Project, values: list[tuple]) -> None:
    """After a dump, a deletion and a restore, a database has the same rows and checksums."""
    database = project.folder / "property.sqlite3"
    create_table(database, "anything", values)
    before = summarize(database)
    url = f"sqlite:///{database}"
    project.run("fab", "dump-db", "--to", "property.dump", "--yes", DATABASE_URL=url)
    database.unlink()
    project.run("fab", "restore-db", "property.dump", DATABASE_URL=url)
    assert summarize(database) == before


def test_nothing_is_replaced_without_confirmation(project: Project) -> None:
    """Without --yes no dump or database is overwritten; only its owner can read a dump."""
    dump = project.folder / "dumps" / "first.sqlite3"
    output = project.run("fab", "dump-db").stdout
    assert "fab restore-db dumps/" in output
    project.run("fab", "dump-db", "--to", str(dump))
    assert dump.stat().st_mode & 0o077 == 0
    content = dump.read_bytes()
    for words in (["dump-db", "--to", str(dump)], ["restore-db", str(dump)]):
        result = project.run("fab", *words, check=False)
        assert result.returncode == 1
        assert "--yes" in result.stdout
        assert "Traceback" not in result.stdout
    assert dump.read_bytes() == content
    before = summarize(project.folder / "db.sqlite3")
    create_table(project.folder / "db.sqlite3", "later", [(1, 2, 3)])
    project.run("fab", "restore-db", str(dump), "--yes")
    assert summarize(project.folder / "db.sqlite3") == before
    assert not list((project.folder / "dumps").glob("*.partial"))


def test_damaged_dumps(project: Project) -> None:
    """`fab restore-db` rejects a damaged or foreign dump in one line, and the database keeps its data."""
    dump = project.folder / "whole.sqlite3"
    project.run("fab", "dump-db", "--to", str(dump), "--yes")
    whole = dump.read_bytes()
    files = {
        "cut": whole[: len(whole) // 2],
        "scratched": whole[:8192] + bytes(8192) + whole[16384:],
        "other": b"PGDMP" + whole[5:],
        "none": b"",
    }
    before = summarize(project.folder / "db.sqlite3")
    for name, content in files.items():
        (project.folder / name).write_bytes(content)
        result = project.run("fab", "restore-db", name, "--yes", check=False)
        assert result.returncode == 1, name
        assert len(result.stdout.splitlines()) == 1, result.stdout
        assert name in result.stdout
    missing = project.run("fab", "restore-db", "gone", "--yes", check=False).stdout
    assert "No such file or directory: 'gone'" in missing
    assert len(missing.splitlines()) == 1
    assert summarize(project.folder / "db.sqlite3") == before


def test_failed_restore(project: Project) -> None:
    """If `fab restore-db` fails, as while another program writes, the old data stays."""
    dump, database = project.folder / "fails.sqlite3", project.folder / "db.sqlite3"
    project.run("fab", "dump-db", "--to", str(dump), "--yes")
    before = summarize(database)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = project.run("fab", "restore-db", str(dump), "--yes", check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    assert summarize(database) == before


# --- Masked copies ------------------------------------------------------------------------

SECRETS = ("Geheim", "private.test", "+49170", "token-of", "1971-02-03", "argon2", "session-of")


@pytest.fixture(scope="module")
def source(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site on the remote host, whose users have secrets."""
    folder = tmp_path_factory.mktemp("there") / "site"
    subprocess.run(["cp", "-a", project.folder, folder], check=True)
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database, database:
        database.execute("UPDATE accounts_user SET name = 'Geheim', email = 'g' || id || '@private.test'")
        contacts = [
            (
                f"Geheim {n}",
                f"g{n}@private.test",
                f"+49170{n}",
                f"token-of-{n}",
                os.urandom(64),
                "1971-02-03",
                "{}",
            )
            for n in range(5_000)
        ]
        columns = "name, email, phone, token, photo, born, note"
        marks = ", ".join("?" * 7)
        database.executemany(f"INSERT INTO people_contact ({columns}) VALUES ({marks})", contacts)
        database.execute("INSERT INTO django_session VALUES ('session-of-1', 'x', '2030-01-01')")
    (folder / "media" / "faces").mkdir(parents=True)
    (folder / "media" / "faces" / "one.png").write_bytes(os.urandom(300_000))
    (folder / "media" / "two words.txt").write_text("two")
    return folder


@pytest.fixture(scope="module")
def server(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return an SSH server to which the user has a key."""
    with run_sshd(tmp_path_factory.mktemp("sshd"), tmp_path_factory.mktemp("home") / "ada") as server:
        project.variables["HOME"] = str(server.home)
        server.add_known_host()
        yield server


def pull(project: Project, host: str, source: Path, *more: str, check: bool = True) -> str:
    """Run `fab pull` and return its output."""
    result = project.run("fab", "-H", host, "pull", "--from", str(source), "--yes", *more, check=check)
    assert check or result.returncode == 1
    assert "Traceback" not in result.stdout
    return result.stdout


def test_unknown_hosts(project: Project, source: Path, server: Server, tmp_path: Path) -> None:
    """`fab pull` rejects a host whose key is unknown or has changed, and prints the command to run."""
    before = summarize(project.folder / "db.sqlite3")
    server.clear_known_hosts()
    assert "ssh -p" in pull(project, server.format_host(), source, check=False)
    server.add_known_host(make_key(tmp_path / "key"))
    assert "ssh-keygen -R" in pull(project, server.format_host(), source, check=False)
    server.clear_known_hosts()
    server.add_known_host()
    assert "-H" in project.run("fab", "pull", "--from", str(source), check=False).stdout
    assert summarize(project.folder / "db.sqlite3") == before


def test_pull(project: Project, source: Path, server: Server) -> None:
    """`fab pull` copies every row and upload without any secret; no user has a password or a session."""
    assert (
        "--yes"
        in project.run("fab", "-H", server.format_host(), "pull", "--from", str(source), check=False).stdout
    )
    output = pull(project, server.format_host(), source, "--media")
    assert "Fetched 2 of 2" in output
    database = project.folder / "db.sqlite3"
    for table in ("people_contact", "accounts_user", "auth_permission", "django_content_type"):
        [count] = query(source / "db.sqlite3", f"SELECT count(*) FROM {table}")
        assert query(database, f"SELECT count(*) FROM {table}") == [count]
    content = database.read_bytes()
    assert [secret for secret in SECRETS if secret.encode() in content] == []
    assert b"Geheim" in (source / "db.sqlite3").read_bytes()
    unmasked = "SELECT id, photo, note FROM people_contact"
    assert query(database, unmasked) == query(source / "db.sqlite3", unmasked)
    assert query(database, "SELECT DISTINCT password FROM accounts_user") == [("!masked",)]
    assert not list(project.folder.glob("db.sqlite3.*"))
    assert "no issues" in project.run("python", "manage.py", "check", "--database", "default").stdout
    for name in ("faces/one.png", "two words.txt"):
        assert (project.folder / "media" / name).read_bytes() == (source / "media" / name).read_bytes()
    (project.folder / "media" / "two words.txt").unlink()
    assert "Fetched 1 of 2" in pull(project, server.format_host(), source, "--media")


def test_lost_connection(project: Project, source: Path, server: Server) -> None:
    """If the connection is lost during `fab pull`, the old data stays; the next try works."""
    database = project.folder / "db.sqlite3"
    create_table(database, "mine", [(1, 2, 3)])
    before = summarize(database)
    relay = Relay(server.port, cut_after=60_000)
    server.add_known_host(port=relay.port)
    pull(project, server.format_host(relay.port), source, check=False)
    assert relay.remaining <= 0
    assert summarize(database) == before
    assert not list(project.folder.glob("db.sqlite3.*"))
    pull(project, server.format_host(), source)
    assert "mine" not in summarize(database)


def test_field_without_a_rule(project: Project, source: Path, server: Server) -> None:
    """`fab pull` copies nothing if a field has no masking rule, or the remote site masks less.

    A field without a rule also fails Django's check.
    """
    rules = source / "apps/people/masking.py"
    text = rules.read_text()
    before = summarize(project.folder / "db.sqlite3")
    try:
        rules.write_text(text.replace('    phone=numbered("+4400"),\n', ""))
        check = ("python", "manage.py", "check", "--fail-level", "WARNING")
        result = Project(source, project.variables).run(*check, check=False)
        assert result.returncode == 1
        assert "mask(Contact, ...) takes: phone=KEEP" in result.stdout
        assert "phone=KEEP" in pull(project, server.format_host(), source, check=False)
        rules.write_text(text.replace('numbered("+4400")', "KEEP"))
        assert "phone must be masked" in pull(project, server.format_host(), source, check=False)
    finally:
        rules.write_text(text)
    assert summarize(project.folder / "db.sqlite3") == before


def test_copies_of_other_releases(project: Project, source: Path, server: Server) -> None:
    """`fab pull` migrates a copy from an older release, and rejects one from a newer release."""
    newer = "0002_more"
    migration = (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        "    dependencies = [('people', '0001_initial')]\n"
        "    operations = [migrations.AddField('contact', 'more', models.IntegerField(default=7))]\n"
    )
    model = "    born = models.DateField(null=True)\n"

    def add_field(folder: Path) -> None:
        (folder / f"apps/people/migrations/{newer}.py").write_text(migration)
        for name, old, new in (
            ("models.py", model, f"{model}    more = models.IntegerField(default=7)\n"),
            ("masking.py", "    note=KEEP,\n", "    note=KEEP,\n    more=KEEP,\n"),
        ):
            file = folder / "apps/people" / name
            file.write_text(file.read_text().replace(old, new))

    add_field(source)
    Project(source, project.variables).run("python", "manage.py", "migrate")
    assert f"people.{newer}" in pull(project, server.format_host(), source, check=False)
    add_field(project.folder)
    Project(source, project.variables).run("python", "manage.py", "migrate", "people", "0001")
    subprocess.run(["rm", source / f"apps/people/migrations/{newer}.py"], check=True)
    for name in ("models.py", "masking.py"):
        file = source / "apps/people" / name
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "more" not in line))
    pull(project, server.format_host(), source)
    assert query(project.folder / "db.sqlite3", "SELECT DISTINCT more FROM people_contact") == [(7,)]
