"""Dumps, masked copies and made-up data: on SQLite, without Docker, with a real SSH server."""

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
def here(cookies_session, install: Install) -> Project:
    """Return a project with an app more, and with data that `fab seed` has made."""
    project = install(cookies_session.bake(extra_context={"deploy": "server"}).project_path)
    add_people_app(project.folder)
    project.run("fab", "manage", "makemigrations people")
    project.run("fab", "seed")
    return project


def rows(file: Path, sql: str) -> list[tuple]:
    """Return what a database says."""
    with closing(sqlite3.connect(file)) as database:
        return database.execute(sql).fetchall()


def fill(file: Path, table: str, values: list[tuple]) -> None:
    """Recreate a table with these rows."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"DROP TABLE IF EXISTS {table}")
        database.execute(f"CREATE TABLE {table} (a, b, c)")
        database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", values)


def summary(file: Path) -> dict[str, tuple[int, str]]:
    """Return the number of rows of each table, and a checksum of them."""
    tables = [name for (name,) in rows(file, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: rows(file, f'SELECT * FROM "{name}" ORDER BY rowid') for name in tables}
    return {
        name: (len(each), hashlib.sha256(repr(each).encode()).hexdigest()) for name, each in found.items()
    }


# --- Made-up data -------------------------------------------------------------------------


def test_seed(here: Project) -> None:
    """`fab seed` migrates and creates users, one of them a superuser; a second call creates no more."""
    database = here.folder / "db.sqlite3"
    before = rows(database, "SELECT * FROM accounts_user")
    assert len(before) > 10
    assert "admin@example.org" in here.run("fab", "seed").stdout
    assert rows(database, "SELECT * FROM accounts_user") == before
    assert rows(database, "SELECT email FROM accounts_user WHERE is_superuser") == [("admin@example.org",)]


def test_seed_in_production(here: Project) -> None:
    """`fab seed` refuses to run in production, with the reason in one line."""
    production = {"DEBUG": "false", "ALLOWED_HOSTS": "www.site.test", "EMAIL_URL": "smtp://localhost"}
    database = here.folder / "production.sqlite3"
    refused = here.run("fab", "seed", check=False, DATABASE_URL=f"sqlite:///{database}", **production)
    assert refused.returncode == 1
    assert "production" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not database.exists()


# --- Dumps --------------------------------------------------------------------------------

CELL = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(st.tuples(CELL, CELL, CELL), max_size=50))
def test_dump_drop_restore(here: Project, values: list[tuple]) -> None:
    """A database that is dumped, deleted and restored has equal counts and checksums."""
    database = here.folder / "property.sqlite3"
    fill(database, "anything", values)
    before = summary(database)
    url = f"sqlite:///{database}"
    here.run("fab", "dump-db", "--to", "property.dump", "--yes", DATABASE_URL=url)
    database.unlink()
    here.run("fab", "restore-db", "property.dump", DATABASE_URL=url)
    assert summary(database) == before


def test_nothing_is_replaced_without_confirmation(here: Project) -> None:
    """Neither a file nor a database that holds something is replaced without --yes; a dump is private."""
    dump = here.folder / "dumps" / "first.sqlite3"
    output = here.run("fab", "dump-db").stdout
    assert "fab restore-db dumps/" in output
    here.run("fab", "dump-db", "--to", str(dump))
    assert dump.stat().st_mode & 0o077 == 0
    written = dump.read_bytes()
    for words in (["dump-db", "--to", str(dump)], ["restore-db", str(dump)]):
        refused = here.run("fab", *words, check=False)
        assert refused.returncode == 1
        assert "--yes" in refused.stdout
        assert "Traceback" not in refused.stdout
    assert dump.read_bytes() == written
    before = summary(here.folder / "db.sqlite3")
    fill(here.folder / "db.sqlite3", "later", [(1, 2, 3)])
    here.run("fab", "restore-db", str(dump), "--yes")
    assert summary(here.folder / "db.sqlite3") == before
    assert not list((here.folder / "dumps").glob("*.partial"))


def test_damaged_dumps(here: Project) -> None:
    """A truncated dump, one of another database or another file is refused in one line; nothing changes."""
    dump = here.folder / "whole.sqlite3"
    here.run("fab", "dump-db", "--to", str(dump), "--yes")
    whole = dump.read_bytes()
    files = {
        "cut": whole[: len(whole) // 2],
        "scratched": whole[:8192] + bytes(8192) + whole[16384:],
        "other": b"PGDMP" + whole[5:],
        "none": b"",
    }
    before = summary(here.folder / "db.sqlite3")
    for name, content in files.items():
        (here.folder / name).write_bytes(content)
        refused = here.run("fab", "restore-db", name, "--yes", check=False)
        assert refused.returncode == 1, name
        assert len(refused.stdout.splitlines()) == 1, refused.stdout
        assert name in refused.stdout
    missing = here.run("fab", "restore-db", "gone", "--yes", check=False).stdout
    assert "No such file or directory: 'gone'" in missing
    assert len(missing.splitlines()) == 1
    assert summary(here.folder / "db.sqlite3") == before


def test_restore_that_fails(here: Project) -> None:
    """A restore that cannot be finished, as another program writes, leaves the old data."""
    dump, database = here.folder / "fails.sqlite3", here.folder / "db.sqlite3"
    here.run("fab", "dump-db", "--to", str(dump), "--yes")
    before = summary(database)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = here.run("fab", "restore-db", str(dump), "--yes", check=False)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout
    assert summary(database) == before


# --- Masked copies ------------------------------------------------------------------------

SECRETS = ("Geheim", "private.test", "+49170", "token-of", "1971-02-03", "argon2", "session-of")


@pytest.fixture(scope="module")
def source(here: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site on the other machine, whose people have secrets."""
    folder = tmp_path_factory.mktemp("there") / "site"
    subprocess.run(["cp", "-a", here.folder, folder], check=True)
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
def server(here: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return an SSH server, to which the person who works here has a key."""
    with run_sshd(tmp_path_factory.mktemp("sshd"), tmp_path_factory.mktemp("home") / "ada") as server:
        here.variables["HOME"] = str(server.home)
        server.add_known_host()
        yield server


def pull(here: Project, at: str, source: Path, *more: str, check: bool = True) -> str:
    """Type `fab pull`, and return what it says."""
    result = here.run("fab", "-H", at, "pull", "--from", str(source), "--yes", *more, check=check)
    assert check or result.returncode == 1
    assert "Traceback" not in result.stdout
    return result.stdout


def test_unknown_hosts(here: Project, source: Path, server: Server, tmp_path: Path) -> None:
    """A host whose key is unknown or has changed is refused, with the command to run."""
    before = summary(here.folder / "db.sqlite3")
    server.clear_known_hosts()
    assert "ssh -p" in pull(here, server.format_host(), source, check=False)
    server.add_known_host(make_key(tmp_path / "key"))
    assert "ssh-keygen -R" in pull(here, server.format_host(), source, check=False)
    server.clear_known_hosts()
    server.add_known_host()
    assert "-H" in here.run("fab", "pull", "--from", str(source), check=False).stdout
    assert summary(here.folder / "db.sqlite3") == before


def test_pull(here: Project, source: Path, server: Server) -> None:
    """`fab pull` brings every row that is copied, and no secret; no user has a password or a session."""
    assert (
        "--yes"
        in here.run("fab", "-H", server.format_host(), "pull", "--from", str(source), check=False).stdout
    )
    output = pull(here, server.format_host(), source, "--media")
    assert "Fetched 2 of 2" in output
    database = here.folder / "db.sqlite3"
    for table in ("people_contact", "accounts_user", "auth_permission", "django_content_type"):
        [count] = rows(source / "db.sqlite3", f"SELECT count(*) FROM {table}")
        assert rows(database, f"SELECT count(*) FROM {table}") == [count]
    content = database.read_bytes()
    assert [secret for secret in SECRETS if secret.encode() in content] == []
    assert b"Geheim" in (source / "db.sqlite3").read_bytes()
    kept = "SELECT id, photo, note FROM people_contact"
    assert rows(database, kept) == rows(source / "db.sqlite3", kept)
    assert rows(database, "SELECT DISTINCT password FROM accounts_user") == [("!masked",)]
    assert not list(here.folder.glob("db.sqlite3.*"))
    assert "no issues" in here.run("python", "manage.py", "check", "--database", "default").stdout
    for name in ("faces/one.png", "two words.txt"):
        assert (here.folder / "media" / name).read_bytes() == (source / "media" / name).read_bytes()
    (here.folder / "media" / "two words.txt").unlink()
    assert "Fetched 1 of 2" in pull(here, server.format_host(), source, "--media")


def test_lost_connection(here: Project, source: Path, server: Server) -> None:
    """A connection lost in the middle leaves the old data; a second try works."""
    database = here.folder / "db.sqlite3"
    fill(database, "mine", [(1, 2, 3)])
    before = summary(database)
    relay = Relay(server.port, cut_after=60_000)
    server.add_known_host(port=relay.port)
    pull(here, server.format_host(relay.port), source, check=False)
    assert relay.remaining <= 0
    assert summary(database) == before
    assert not list(here.folder.glob("db.sqlite3.*"))
    pull(here, server.format_host(), source)
    assert "mine" not in summary(database)


def test_unclassified_field(here: Project, source: Path, server: Server) -> None:
    """A field without a rule fails Django's check, and nothing is copied from a site that has one.

    Nor is it where the site there masks less than the code here does.
    """
    rules = source / "apps/people/masking.py"
    text = rules.read_text()
    before = summary(here.folder / "db.sqlite3")
    try:
        rules.write_text(text.replace('    phone=numbered("+4400"),\n', ""))
        check = ("python", "manage.py", "check", "--fail-level", "WARNING")
        refused = Project(source, here.variables).run(*check, check=False)
        assert refused.returncode == 1
        assert "mask(Contact, ...) takes: phone=KEEP" in refused.stdout
        assert "phone=KEEP" in pull(here, server.format_host(), source, check=False)
        rules.write_text(text.replace('numbered("+4400")', "KEEP"))
        assert "phone must be masked" in pull(here, server.format_host(), source, check=False)
    finally:
        rules.write_text(text)
    assert summary(here.folder / "db.sqlite3") == before


def test_copies_of_other_releases(here: Project, source: Path, server: Server) -> None:
    """A copy of an older site is migrated; one of a site that is newer than the code here is refused."""
    newer = "0002_more"
    migration = (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        "    dependencies = [('people', '0001_initial')]\n"
        "    operations = [migrations.AddField('contact', 'more', models.IntegerField(default=7))]\n"
    )
    model = "    born = models.DateField(null=True)\n"

    def renew(folder: Path) -> None:
        (folder / f"apps/people/migrations/{newer}.py").write_text(migration)
        for name, old, new in (
            ("models.py", model, f"{model}    more = models.IntegerField(default=7)\n"),
            ("masking.py", "    note=KEEP,\n", "    note=KEEP,\n    more=KEEP,\n"),
        ):
            file = folder / "apps/people" / name
            file.write_text(file.read_text().replace(old, new))

    renew(source)
    Project(source, here.variables).run("python", "manage.py", "migrate")
    assert f"people.{newer}" in pull(here, server.format_host(), source, check=False)
    renew(here.folder)
    Project(source, here.variables).run("python", "manage.py", "migrate", "people", "0001")
    subprocess.run(["rm", source / f"apps/people/migrations/{newer}.py"], check=True)
    for name in ("models.py", "masking.py"):
        file = source / "apps/people" / name
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "more" not in line))
    pull(here, server.format_host(), source)
    assert rows(here.folder / "db.sqlite3", "SELECT DISTINCT more FROM people_contact") == [(7,)]
