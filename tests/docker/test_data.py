"""Dumps and masked copies of PostgreSQL in Docker, with a million rows and a real SSH server."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Bake, get_virtualenv
from tests.docker.checkout import Checkout, NodeServer
from tests.docker.conftest import create_checkouts, create_network
from tests.docker.engine import Container, docker, run
from tests.people import add_people_app
from tests.ssh import Relay, Server, run_sshd

PEOPLE = 1_000_000
SECRETS = ("Geheim", "private.test", "+49170", "token-of", "1971-02-03", "session-of", "argon2", "task-of")
SEED = f"""
    INSERT INTO accounts_user
        (password, email, name, is_superuser, is_staff, is_active, date_joined)
    SELECT 'argon2$' || n, 'g' || n || '@private.test', 'Geheim ' || n, false, false, true, now()
    FROM generate_series(1, 1000) n;
    INSERT INTO people_contact (name, email, phone, token, photo, born, note, user_id)
    SELECT 'Geheim ' || n, 'g' || n || '@private.test', '+49170' || n, 'token-of-' || n,
        decode(md5(n::text), 'hex'), '1971-02-03', '{{"like": "tea\\tor\\\\n"}}', 1 + n % 1000
    FROM generate_series(1, {PEOPLE}) n;
    INSERT INTO django_session VALUES ('session-of-1', 'session-of-1', now());
    ANALYZE
"""


@pytest.fixture(scope="module")
def checkout(
    bake_once: Bake,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    mailpit: None,
    node_server: NodeServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Checkout]:
    """Return a checkout in Docker, with an additional app and the data of `fab seed`."""
    parent = tmp_path_factory.mktemp("here")
    project = bake_once(deploy="server", tasks="database")
    with create_checkouts(project, project_variables, build_options, node_server, parent) as make_checkout:
        checkout = make_checkout()
        add_people_app(checkout.folder)
        checkout.fab("build")
        checkout.fab("manage", "makemigrations people")
        checkout.fab("seed")
        yield checkout


@pytest.fixture(scope="module")
def server(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return an SSH server to which the user has a key."""
    with run_sshd(tmp_path_factory.mktemp("sshd"), checkout.home) as server:
        yield server


@pytest.fixture(scope="module")
def source(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of a site on the remote host, with a million contacts in PostgreSQL."""
    with create_network() as network:
        database = network.start_database()
        folder = tmp_path_factory.mktemp("there") / "site"
        run("cp", "-a", checkout.folder, folder)
        (folder / ".venv").symlink_to(get_virtualenv(checkout.folder))
        url = f"postgres://app:app@{database.address}:5432/app"
        text = re.sub("^(RUN_IN|COMPOSE_PROJECT_NAME)=.*\n", "", (folder / ".env").read_text(), flags=re.M)
        (folder / ".env").write_text(f"{text}RUN_IN=host\nDATABASE_URL={url}\n")
        run(".venv/bin/python", "manage.py", "migrate", cwd=folder)
        query(database, SEED)
        yield folder


def query(database: Container, sql: str) -> str:
    """Run SQL and return its output."""
    words = ("psql", "--username=app", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "app")
    return docker("exec", "--interactive", database.id, *words, input=sql)


def get_database(checkout: Checkout) -> Container:
    """Return the container db."""
    return Container(checkout.compose("ps", "--quiet", "db"))


def summarize(database: Container) -> dict[str, str]:
    """Return the number of rows and a checksum of each table."""
    tables = query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    each = (
        f"SELECT '{name}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"
        for name in tables
    )
    return dict(line.split("|", 1) for line in query(database, " UNION ALL ".join(each)).splitlines())


def list_databases(database: Container) -> set[str]:
    """Return the names of the server's databases."""
    return set(query(database, "SELECT datname FROM pg_database").split())


def pull(checkout: Checkout, host: str, source: Path, *more: str, code: int = 0) -> str:
    """Run `fab pull` and return its output."""
    result = checkout.run("fab", "-H", host, "pull", "--from", str(source), "--yes", *more, check=False)
    assert result.returncode == code, result.stdout
    assert "Traceback" not in result.stdout
    return result.stdout


class MemoryMonitor:
    """The peak resident memory of processes whose command contains one of these words."""

    def __init__(self, *words: str) -> None:
        """Start to sample."""
        self.peaks, self.ended = dict.fromkeys(words, 0), threading.Event()
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()

    def sample(self) -> None:
        """Sample all processes until the end."""
        while not self.ended.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    peak = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                    for word in self.peaks:
                        if word in command and peak:
                            self.peaks[word] = max(self.peaks[word], int(peak[1]) * 1024)

    def stop(self) -> dict[str, int]:
        """Stop sampling, and return the peaks in bytes."""
        self.ended.set()
        self.thread.join()
        return self.peaks


def test_dump_drop_restore(checkout: Checkout) -> None:
    """A restored dump of PostgreSQL has the same rows and checksums; open connections are closed."""
    database = get_database(checkout)
    before = summarize(database)
    assert len(before) > 10
    assert "Wrote first.dump" in checkout.fab("dump-db", "--to", "first.dump")
    assert "--yes" in checkout.fab("restore-db", "first.dump", check=False)
    query(database, "DROP TABLE django_session; DELETE FROM people_contact; CREATE TABLE later (n int)")
    docker("exec", "--detach", database.id, "psql", "--username=app", "--command=SELECT pg_sleep(600)", "app")
    checkout.fab("restore-db", "first.dump", "--yes")
    assert summarize(database) == before
    assert list_databases(database) == {"app", "postgres", "template0", "template1"}


def test_failed_restore(checkout: Checkout) -> None:
    """If a dump is truncated or foreign, or the server rejects it, the old database stays."""
    database = get_database(checkout)
    checkout.fab("dump-db", "--to", "whole.dump")
    before = summarize(database)
    whole = (checkout.folder / "whole.dump").read_bytes()
    (checkout.folder / "cut.dump").write_bytes(whole[:-2000])
    (checkout.folder / "other.dump").write_bytes(b"SQLite format 3\0")
    query(database, "CREATE EXTENSION file_fdw")
    checkout.fab("dump-db", "--to", "refused.dump")
    query(database, "DROP EXTENSION file_fdw")
    folder = docker(
        "exec", database.id, "sh", "-c", "pg_config --sharedir 2>/dev/null || ls -d /usr/share/postgresql/*"
    )
    control = f"{folder.splitlines()[0]}/extension/file_fdw.control"
    docker("exec", "--user=root", database.id, "mv", control, "/tmp")
    for name in ("cut", "other", "refused"):
        result = checkout.run("fab", "restore-db", f"{name}.dump", "--yes", check=False)
        assert result.returncode == 1, name
        assert "Traceback" not in result.stdout
        assert summarize(database) == before
    assert list_databases(database) == {"app", "postgres", "template0", "template1"}


def test_pull(checkout: Checkout, source: Path, server: Server) -> None:
    """`fab pull` of a million rows copies no personal data or secret, and no process takes more than 120 MB.

    A lost connection leaves the old data.
    """
    database = get_database(checkout)
    before = summarize(database)
    assert "is unknown" in pull(checkout, server.format_host(), source, code=1)
    relay = Relay(server.port, cut_after=4_000_000)
    server.add_known_host(port=relay.port)
    pull(checkout, server.format_host(relay.port), source, code=1)
    assert relay.remaining <= 0
    assert summarize(database) == before
    assert list_databases(database) == {"app", "postgres", "template0", "template1"}

    server.add_known_host()
    memory = MemoryMonitor("dump_masked", "load_masked", "fab -H")
    output = pull(checkout, server.format_host(), source)
    peaks = memory.stop()
    assert int(re.search(r"(\d+) rows", output)[1]) > PEOPLE
    assert query(database, "SELECT count(*), count(DISTINCT user_id) FROM people_contact") == f"{PEOPLE}|1000"
    assert query(database, "SELECT DISTINCT note->>'like' FROM people_contact") == "tea\tor\\n"
    assert query(database, "SELECT DISTINCT password FROM accounts_user") == "!masked"
    assert query(database, "SELECT count(*) FROM django_session") == "0"
    whole = f"docker exec {database.id} pg_dump --username=app app"
    secrets = " ".join(f"-e '{secret}'" for secret in SECRETS)
    found = subprocess.run(
        f"{whole} | grep --fixed-strings {secrets}", shell=True, capture_output=True, text=True
    )
    assert found.stdout[:1000] == ""
    size = int(query(database, "SELECT pg_database_size('app')"))
    print({word: f"{peak / 1e6:.0f} MB" for word, peak in peaks.items()}, f"database {size / 1e6:.0f} MB")
    assert all(0 < peak < 120_000_000 for peak in peaks.values()), peaks
    assert size > 240_000_000
    assert query(database, "INSERT INTO auth_group (name) VALUES ('new') RETURNING id").split()[0].isdigit()
