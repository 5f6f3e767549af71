"""The final image when something ends, breaks, fills up or is not there."""

import http.client
import threading
import time
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import Container, Network, docker
from tests.production import wait_until

HERE = Path(__file__).resolve().parent
# The exit code that Docker gives to what did not end within the grace period.
KILLED = 137
LOCK_USERS = "BEGIN; LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
IS_LOCKED = (
    "SELECT count(*) > 0 FROM pg_locks"
    " WHERE relation = 'accounts_user'::regclass AND mode = 'AccessExclusiveLock' AND granted"
)


class Balancer(threading.Thread):
    """A load balancer: sends requests for as long as /readyz says 200, and keeps what became of them."""

    def __init__(self, site: Container, senders: int = 4) -> None:
        """Prepare; `start()` starts it."""
        super().__init__(daemon=True)
        self.address, self.senders = site.address, senders
        self.statuses: list[int] = []
        self.errors: list[str] = []
        self.ready: list[int] = []
        self.sending = True

    def ask(self, path: str) -> int:
        """Return the status of one request."""
        return engine.ask(self.address, 8000, path, **engine.HEADERS).status

    def send(self) -> None:
        """Send one request after the other."""
        while self.sending:
            try:
                self.statuses.append(self.ask("/"))
            except OSError as error:
                self.errors.append(repr(error))
                time.sleep(0.05)

    def run(self) -> None:
        """Let the senders send until the site is not ready."""
        senders = [threading.Thread(target=self.send, daemon=True) for _ in range(self.senders)]
        for sender in senders:
            sender.start()
        while self.sending:
            try:
                self.ready.append(self.ask("/readyz"))
            except OSError:
                self.ready.append(0)
            self.sending = self.sending and self.ready[-1] == 200
            time.sleep(0.2)
        for sender in senders:
            sender.join()


def slow_sign_in(site: Container, database: Container, seconds: int) -> tuple[threading.Thread, list]:
    """Send a request that takes some seconds, since its table is locked; return its thread and its result."""
    page = site.get("/account/login/")
    token = page.cookies["__Host-csrftoken"]
    form = {"csrfmiddlewaretoken": token, "username": "unknown@example.org", "password": "wrong"}
    locking = ("psql", "--username=app", "app", "--command", LOCK_USERS.format(seconds))
    docker("exec", "--detach", database.id, *locking)
    results: list = []

    def send() -> None:
        try:
            cookies = engine.cookie_line(page.cookies)
            results.append(site.get("/account/login/", form, Cookie=cookies).status)
        except OSError as error:
            results.append(repr(error))

    thread = threading.Thread(target=send, daemon=True)
    asking = ("psql", "--username=app", "app", "--tuples-only", "--command", IS_LOCKED)
    wait_until(lambda: docker("exec", database.id, *asking).strip() == "t", 30)
    thread.start()
    time.sleep(0.5)
    assert not results, "the request was not slow"
    return thread, results


def test_stop_under_load(site: Container, database: Container) -> None:
    """`docker stop` under load: exit code 0, no request cut, slow ones end, /readyz returns 503 first."""
    balancer = Balancer(site)
    slow, results = slow_sign_in(site, database, 5)
    balancer.start()
    wait_until(lambda: len(balancer.statuses) > 20, 60)
    code = site.stop()
    balancer.join(10)
    slow.join(10)
    assert (code, results) == (0, [200])
    assert balancer.errors == []
    assert set(balancer.statuses) == {200}
    assert balancer.ready[-1] == 503


def test_stop_at_once(network: Network, database: Container, production: str) -> None:
    """With nothing to wait for, a stop is over in Docker's own grace period of ten seconds."""
    assert network.site(production, DRAIN_SECONDS="0").ready().stop(grace=10) == 0


def test_worker_killed(site: Container) -> None:
    """`kill -9` of a worker: another takes its place, and the site keeps serving."""
    before = site.workers()
    assert len(before) == 2
    balancer = Balancer(site, senders=1)
    balancer.start()
    site.exec("python", "-c", f"import os; os.kill({before[0]}, 9)")
    after = wait_until(lambda: len(now := site.workers()) == 2 and before[0] not in now and now, 30)
    assert before[1] in after
    time.sleep(1)
    balancer.sending = False
    balancer.join(10)
    # The request that the killed worker had may be lost, no other.
    assert len(balancer.errors) <= 1
    assert set(balancer.statuses) == {200}
    assert balancer.ready.count(200) >= len(balancer.ready) - 1


def test_no_database_at_the_start(network: Network, production: str) -> None:
    """Without a database it waits, says so, and ends with an error at the limit."""
    start = time.monotonic()
    site = network.site(production, DATABASE_WAIT_SECONDS="4")
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    assert site.ended(60) != 0
    assert time.monotonic() - start > 4
    assert "did not respond within 4 s" in site.logs()
    assert "Traceback" not in site.logs()


def test_late_database(network: Network, production: str) -> None:
    """A database that starts while the site waits is used."""
    site = network.site(production)
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    network.database()
    assert site.ready().status("/") == 200


def test_stop_while_waiting(network: Network, production: str) -> None:
    """A stop while the site waits for its database takes effect at once."""
    site = network.site(production)
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    assert site.stop(grace=10) != KILLED


def test_database_lost_and_back(site: Container, database: Container) -> None:
    """Database lost: /readyz 503, /healthz 200; back: /readyz 200 again, without a restart."""
    assert (site.status("/readyz"), site.status("/healthz")) == (200, 200)
    docker("stop", "--time", "10", database.id)
    wait_until(lambda: site.status("/readyz") == 503, 60)
    assert site.status("/healthz") == 200
    docker("start", database.id)
    wait_until(lambda: Network.accepts_connections(database), 60)
    wait_until(lambda: site.status("/readyz") == 200, 60)
    assert site.status("/healthz") == 200
    assert site.inspect("{{.RestartCount}}") == "0"
    assert site.status("/admin/login/") == 200


def test_five_at_once(network: Network, database: Container, production: str) -> None:
    """Five containers started at once on an empty database: one migrates, all five serve.

    That also holds where PostgreSQL ends sessions that do nothing in a transaction.
    """
    limit = "ALTER ROLE app SET idle_in_transaction_session_timeout = '500ms'"
    database.exec("psql", "--username=app", "app", "--command", limit)
    sites = [network.site(production, WEB_CONCURRENCY="1") for _ in range(5)]
    for site in sites:
        assert site.ready(90).status("/") == 200
    logs = [site.logs() for site in sites]
    for migration in ("accounts.0001_initial", "sessions.0001_initial"):
        assert sum(log.count(f"Applying {migration}") for log in logs) == 1
    assert sum("Applying " in log for log in logs) == 1


def test_migrations_behind_a_pooler(network: Network, database: Container, production: str) -> None:
    """Behind PgBouncer in transaction mode releases migrate, also several at once; none waits forever."""
    docker("build", "--tag", "slipway-test/pgbouncer:13", HERE / "images" / "pgbouncer")
    network.run("slipway-test/pgbouncer:13", options=("--network-alias", "pooler"))
    url = "postgres://app:app@pooler:6432/app?conn_max_age=0"
    for _ in range(2):
        sites = [network.site(production, DATABASE_URL=url) for _ in range(3)]
        for site in sites:
            site.ready(120)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    asking = ("psql", "--username=app", "app", "--tuples-only", "--command", locks)
    assert database.exec(*asking).strip() == "0"


def test_a_migration_that_goes_on(network: Network, database: Container, production: str) -> None:
    """While another process migrates, the log says which; a stop ends the wait at once."""
    holder = "BEGIN; SELECT pg_advisory_xact_lock(20261123), pg_sleep(60)"
    docker("exec", "--detach", database.id, "psql", "--username=app", f"--command={holder}", "app")
    site = network.site(production)
    wait_until(lambda: "which migrates: process" in site.logs(), 30)
    other = network.run(
        production,
        *("python", "manage.py", "wait_and_migrate"),
        **{**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"},
    )
    wait_until(lambda: "which migrates: process" in other.logs(), 30)
    assert site.stop() != KILLED
    assert other.stop() != KILLED


def test_migration_fails(
    network: Network, database: Container, project: Path, production: str, tmp_path: Path
) -> None:
    """A migration that fails: the container exits with an error that names it, and serves nothing."""
    *_, last = sorted(file.stem for file in (project / "apps/accounts/migrations").glob("0*.py"))
    broken = tmp_path / "9999_broken.py"
    broken.write_text(
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [('accounts', '{last}')]\n"
        "    operations = [migrations.RunSQL('SELECT 1 / 0')]\n"
    )
    broken.chmod(0o644)
    mount = f"--volume={broken}:/app/apps/accounts/migrations/{broken.name}:ro"
    site = network.site(production, (mount,))
    assert site.ended(60) != 0
    assert "accounts.9999_broken" in site.logs()
    assert "division by zero" in site.logs()
    assert "Listening at" not in site.logs()


def test_migrations_left_to_another(network: Network, database: Container, production: str) -> None:
    """With RUN_MIGRATIONS=false it serves without migrating, and is not ready until another has migrated."""
    site = network.site(production, RUN_MIGRATIONS="false")
    wait_until(lambda: site.status("/healthz") == 200, 30)
    assert site.status("/readyz") == 503
    other = network.run(
        production,
        *("python", "manage.py", "wait_and_migrate"),
        **{**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"},
    )
    assert other.ended(60) == 0
    wait_until(lambda: site.status("/readyz") == 200, 30)


@pytest.fixture
def greedy(project: Path, tmp_path: Path) -> str:
    """Return the option that adds a page which takes 600 MB to the site."""
    urls = tmp_path / "urls.py"
    page = (
        "\nfrom django.http import HttpResponse\nfrom django.urls import path as _path\n\n\n"
        "def _greedy(request):\n    return HttpResponse(str(len(bytearray(b'x') * 600_000_000)))\n\n\n"
        "urlpatterns = [_path('greedy/', _greedy), *urlpatterns]\n"
    )
    urls.write_text((project / "config/urls.py").read_text() + page)
    urls.chmod(0o644)
    return f"--volume={urls}:/app/config/urls.py:ro"


def test_out_of_memory(network: Network, database: Container, production: str, greedy: str) -> None:
    """A worker that runs out of memory is killed and replaced; the site keeps serving."""
    limits = ("--memory=400m", "--memory-swap=400m")
    site = network.site(production, (greedy, *limits)).ready()
    before = site.workers()
    with pytest.raises(ConnectionError):
        site.get("/greedy/")
    wait_until(lambda: site.status("/") == 200, 30)
    after = wait_until(lambda: len(now := site.workers()) == 2 and now, 30)
    assert before != after
    assert site.is_running
    # The log says what happened.
    assert "memory" in site.logs()


def test_full_disk(network: Network, database: Container, production: str) -> None:
    """With /tmp full the site serves its pages; only a large upload fails."""
    site = network.site(production, ("--read-only", "--tmpfs=/tmp:size=64k")).ready()
    site.exec("sh", "-c", "cat /dev/zero > /tmp/full || true")
    cookies = engine.log_in(site)
    for path in ("/", "/admin/", "/account/login/", "/readyz"):
        assert site.get(path, Cookie=engine.cookie_line(cookies)).status == 200
    # Django keeps an upload of more than 2.5 MB in /tmp.
    assert upload(site, 4_000_000) in {0, 400, 403, 413, 500}
    assert site.get("/").status == 200
    assert site.is_running


def upload(site: Container, size: int) -> int:
    """Send a file of this size, which Django keeps in /tmp; return the status.

    It is 0 if the site ended the connection while the file was on its way (RFC 9112, 9.5).
    """
    connection = http.client.HTTPConnection(site.address, 8000, timeout=30)
    body = (
        b'--frame\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        + b"x" * size
        + b"\r\n--frame--\r\n"
    )
    # With the cookie of a page, so that Django reads the body.
    cookies = engine.cookie_line(site.get("/account/login/").cookies)
    kind = "multipart/form-data; boundary=frame"
    headers = {**engine.HEADERS, "Content-Type": kind, "Cookie": cookies}
    try:
        connection.request("POST", "/account/login/", body, headers)
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()
