"""Dumps and masked copies of PostgreSQL in Docker: a million people behind a real SSH server."""

import re
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Bake, get_virtualenv
from tests.docker.checkout import Checkout, NodeServer
from tests.docker.conftest import checkouts
from tests.docker.engine import Container, Network, docker, run
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
def here(
    bake_once: Bake,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    mailpit: None,
    node_server: NodeServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Checkout]:
    """Return a checkout in Docker, with an app more and data from `fab seed`."""
    parent = tmp_path_factory.mktemp("here")
    project = bake_once(deploy="server", tasks="database")
    with checkouts(project, project_variables, build_options, node_server, parent) as checkout:
        made = checkout()
        add_people_app(made.folder)
        made.fab("build")
        made.fab("manage", "makemigrations people")
        made.fab("seed")
        yield made


@pytest.fixture(scope="module")
def server(here: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return an SSH server, to which the person who works here has a key."""
    with run_sshd(tmp_path_factory.mktemp("sshd"), here.home) as server:
        yield server


@pytest.fixture(scope="module")
def source(here: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of a site on the other machine, with a million people in its PostgreSQL."""
    network = Network(f"slipway-test-{uuid.uuid4().hex[:12]}")
    docker("network", "create", network.name)
    try:
        database = network.database()
        folder = tmp_path_factory.mktemp("there") / "site"
        run("cp", "-a", here.folder, folder)
        (folder / ".venv").symlink_to(get_virtualenv(here.folder))
        url = f"postgres://app:app@{database.address}:5432/app"
        text = re.sub("^(RUN_IN|COMPOSE_PROJECT_NAME)=.*\n", "", (folder / ".env").read_text(), flags=re.M)
        (folder / ".env").write_text(f"{text}RUN_IN=host\nDATABASE_URL={url}\n")
        run(".venv/bin/python", "manage.py", "migrate", cwd=folder)
        ask(database, SEED)
        yield folder
    finally:
        network.remove()


def ask(database: Container, sql: str) -> str:
    """Return what PostgreSQL says."""
    words = ("psql", "--username=app", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "app")
    return docker("exec", "--interactive", database.id, *words, input=sql)


def database_of(checkout: Checkout) -> Container:
    """Return the container db."""
    return Container(checkout.compose("ps", "--quiet", "db"))


def summary(database: Container) -> dict[str, str]:
    """Return the number of rows of each table, and a checksum of them."""
    tables = ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    each = (
        f"SELECT '{name}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"
        for name in tables
    )
    return dict(line.split("|", 1) for line in ask(database, " UNION ALL ".join(each)).splitlines())


def names(database: Container) -> set[str]:
    """Return the server's databases."""
    return set(ask(database, "SELECT datname FROM pg_database").split())


def pull(here: Checkout, at: str, source: Path, *more: str, code: int = 0) -> str:
    """Type `fab pull`, and return what it says."""
    result = here.run("fab", "-H", at, "pull", "--from", str(source), "--yes", *more, check=False)
    assert result.returncode == code, result.stdout
    assert "Traceback" not in result.stdout
    return result.stdout


class Memory:
    """The largest resident memory of processes with these words, each seen while it ran."""

    def __init__(self, *words: str) -> None:
        """Begin to watch."""
        self.peaks, self.ended = dict.fromkeys(words, 0), threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        """Look at every process, until that is ended."""
        while not self.ended.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    peak = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                    for word in self.peaks:
                        if word in command and peak:
                            self.peaks[word] = max(self.peaks[word], int(peak[1]) * 1024)

    def end(self) -> dict[str, int]:
        """Stop watching, and return the peaks in bytes."""
        self.ended.set()
        self.thread.join()
        return self.peaks


def test_dump_drop_restore(here: Checkout) -> None:
    """PostgreSQL dumped, changed and restored has equal counts and checksums; open connections are closed."""
    database = database_of(here)
    before = summary(database)
    assert len(before) > 10
    assert "Wrote first.dump" in here.fab("dump-db", "--to", "first.dump")
    assert "--yes" in here.fab("restore-db", "first.dump", check=False)
    ask(database, "DROP TABLE django_session; DELETE FROM people_contact; CREATE TABLE later (n int)")
    docker("exec", "--detach", database.id, "psql", "--username=app", "--command=SELECT pg_sleep(600)", "app")
    here.fab("restore-db", "first.dump", "--yes")
    assert summary(database) == before
    assert names(database) == {"app", "postgres", "template0", "template1"}


def test_failed_restore(here: Checkout) -> None:
    """A dump that is truncated, of another database, or refused by the server leaves the old database."""
    database = database_of(here)
    here.fab("dump-db", "--to", "whole.dump")
    before = summary(database)
    whole = (here.folder / "whole.dump").read_bytes()
    (here.folder / "cut.dump").write_bytes(whole[:-2000])
    (here.folder / "other.dump").write_bytes(b"SQLite format 3\0")
    ask(database, "CREATE EXTENSION file_fdw")
    here.fab("dump-db", "--to", "refused.dump")
    ask(database, "DROP EXTENSION file_fdw")
    folder = docker(
        "exec", database.id, "sh", "-c", "pg_config --sharedir 2>/dev/null || ls -d /usr/share/postgresql/*"
    )
    control = f"{folder.splitlines()[0]}/extension/file_fdw.control"
    docker("exec", "--user=root", database.id, "mv", control, "/tmp")
    for name in ("cut", "other", "refused"):
        refused = here.run("fab", "restore-db", f"{name}.dump", "--yes", check=False)
        assert refused.returncode == 1, name
        assert "Traceback" not in refused.stdout
        assert summary(database) == before
    assert names(database) == {"app", "postgres", "template0", "template1"}


def test_pull(here: Checkout, source: Path, server: Server) -> None:
    """`fab pull` of a million people brings no name, address, number, token, password or session.

    A machine that is unknown is refused, and a line that is cut leaves the old data. The second try
    brings every row, and no process on either side ever takes 120 MB, less than half of the data.
    """
    database = database_of(here)
    before = summary(database)
    assert "is unknown" in pull(here, server.format_host(), source, code=1)
    relay = Relay(server.port, cut_after=4_000_000)
    server.add_known_host(port=relay.port)
    pull(here, server.format_host(relay.port), source, code=1)
    assert relay.remaining <= 0
    assert summary(database) == before
    assert names(database) == {"app", "postgres", "template0", "template1"}

    server.add_known_host()
    memory = Memory("dump_masked", "load_masked", "fab -H")
    output = pull(here, server.format_host(), source)
    peaks = memory.end()
    assert int(re.search(r"(\d+) rows", output)[1]) > PEOPLE
    assert ask(database, "SELECT count(*), count(DISTINCT user_id) FROM people_contact") == f"{PEOPLE}|1000"
    assert ask(database, "SELECT DISTINCT note->>'like' FROM people_contact") == "tea\tor\\n"
    assert ask(database, "SELECT DISTINCT password FROM accounts_user") == "!masked"
    assert ask(database, "SELECT count(*) FROM django_session") == "0"
    whole = f"docker exec {database.id} pg_dump --username=app app"
    secrets = " ".join(f"-e '{secret}'" for secret in SECRETS)
    found = subprocess.run(
        f"{whole} | grep --fixed-strings {secrets}", shell=True, capture_output=True, text=True
    )
    assert found.stdout[:1000] == ""
    size = int(ask(database, "SELECT pg_database_size('app')"))
    print({word: f"{peak / 1e6:.0f} MB" for word, peak in peaks.items()}, f"database {size / 1e6:.0f} MB")
    assert all(0 < peak < 120_000_000 for peak in peaks.values()), peaks
    assert size > 240_000_000
    assert ask(database, "INSERT INTO auth_group (name) VALUES ('new') RETURNING id").split()[0].isdigit()
