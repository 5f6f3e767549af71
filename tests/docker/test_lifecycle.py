"""The production image under failures: stops, kills, a lost database, out of memory, a full disk."""

import http.client
import threading
import time
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import Container, Network, docker
from tests.production import wait_until

HERE = Path(__file__).resolve().parent
# The exit code of a container that Docker killed after the grace period.
KILLED = 137
LOCK_USERS = "BEGIN; LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
IS_LOCKED = (
    "SELECT count(*) > 0 FROM pg_locks"
    " WHERE relation = 'accounts_user'::regclass AND mode = 'AccessExclusiveLock' AND granted"
)


class LoadBalancer(threading.Thread):
    """A load balancer: sends requests while /readyz returns 200, and records the results."""

    def __init__(self, site: Container, senders: int = 4) -> None:
        """Prepare; `start()` starts it."""
        super().__init__(daemon=True)
        self.address, self.senders = site.address, senders
        self.statuses: list[int] = []
        self.errors: list[str] = []
        self.ready: list[int] = []
        self.sending = True

    def request(self, path: str) -> int:
        """Return the status of one request."""
        return engine.request(self.address, 8000, path, **engine.HEADERS).status

    def send(self) -> None:
        """Send requests in sequence."""
        while self.sending:
            try:
                self.statuses.append(self.request("/"))
            except OSError as error:
                self.errors.append(repr(error))
                time.sleep(0.05)

    def run(self) -> None:
        """Send requests in several threads until the site is not ready."""
        senders = [threading.Thread(target=self.send, daemon=True) for _ in range(self.senders)]
        for sender in senders:
            sender.start()
        while self.sending:
            try:
                self.ready.append(self.request("/readyz"))
            except OSError:
                self.ready.append(0)
            self.sending = self.sending and self.ready[-1] == 200
            time.sleep(0.2)
        for sender in senders:
            sender.join()


def start_slow_sign_in(site: Container, database: Container, seconds: int) -> tuple[threading.Thread, list]:
    """Send a request that is slow because its table is locked; return its thread and its result."""
    page = site.get("/account/login/")
    token = page.cookies["__Host-csrftoken"]
    form = {"csrfmiddlewaretoken": token, "username": "unknown@example.org", "password": "wrong"}
    lock_command = ("psql", "--username=app", "app", "--command", LOCK_USERS.format(seconds))
    docker("exec", "--detach", database.id, *lock_command)
    results: list = []

    def send() -> None:
        try:
            cookies = engine.format_cookies(page.cookies)
            results.append(site.get("/account/login/", form, Cookie=cookies).status)
        except OSError as error:
            results.append(repr(error))

    thread = threading.Thread(target=send, daemon=True)
    command = ("psql", "--username=app", "app", "--tuples-only", "--command", IS_LOCKED)
    wait_until(lambda: docker("exec", database.id, *command).strip() == "t", 30)
    thread.start()
    time.sleep(0.5)
    assert not results, "the request was not slow"
    return thread, results


def test_stop_under_load(site: Container, database: Container) -> None:
    """On `docker stop` under load, /readyz returns 503, all requests finish, and the exit code is 0."""
    balancer = LoadBalancer(site)
    slow, results = start_slow_sign_in(site, database, 5)
    balancer.start()
    wait_until(lambda: len(balancer.statuses) > 20, 60)
    code = site.stop()
    balancer.join(10)
    slow.join(10)
    assert (code, results) == (0, [200])
    assert balancer.errors == []
    assert set(balancer.statuses) == {200}
    assert balancer.ready[-1] == 503


def test_stop_without_load(network: Network, database: Container, production: str) -> None:
    """Without a drain period and load, a stop takes less than Docker's default of ten seconds."""
    assert network.start_site(production, DRAIN_SECONDS="0").wait_until_ready().stop(grace=10) == 0


def test_killed_worker(site: Container) -> None:
    """If a worker process is killed, it is replaced, and the site keeps serving."""
    before = site.list_workers()
    assert len(before) == 2
    balancer = LoadBalancer(site, senders=1)
    balancer.start()
    site.exec("python", "-c", f"import os; os.kill({before[0]}, 9)")
    after = wait_until(lambda: len(now := site.list_workers()) == 2 and before[0] not in now and now, 30)
    assert before[1] in after
    time.sleep(1)
    balancer.sending = False
    balancer.join(10)
    # Only the killed worker's own request may be lost.
    assert len(balancer.errors) <= 1
    assert set(balancer.statuses) == {200}
    assert balancer.ready.count(200) >= len(balancer.ready) - 1


def test_no_database_at_the_start(network: Network, production: str) -> None:
    """Without a database the site waits, logs that, and exits with an error after the limit."""
    start = time.monotonic()
    site = network.start_site(production, DATABASE_WAIT_SECONDS="4")
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    assert site.wait_until_exit(60) != 0
    assert time.monotonic() - start > 4
    assert "did not respond within 4 s" in site.logs()
    assert "Traceback" not in site.logs()


def test_late_database(network: Network, production: str) -> None:
    """If the database starts while the site waits, the site starts."""
    site = network.start_site(production)
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    network.start_database()
    assert site.wait_until_ready().get_status("/") == 200


def test_stop_while_waiting(network: Network, production: str) -> None:
    """While the site waits for its database, a stop takes effect at once."""
    site = network.start_site(production)
    wait_until(lambda: "Waiting for the database" in site.logs(), 30)
    assert site.stop(grace=10) != KILLED


def test_database_lost_and_back(site: Container, database: Container) -> None:
    """While the database is down, /readyz returns 503 and /healthz 200; then the site recovers."""
    assert (site.get_status("/readyz"), site.get_status("/healthz")) == (200, 200)
    docker("stop", "--time", "10", database.id)
    wait_until(lambda: site.get_status("/readyz") == 503, 60)
    assert site.get_status("/healthz") == 200
    docker("start", database.id)
    wait_until(lambda: Network.accepts_connections(database), 60)
    wait_until(lambda: site.get_status("/readyz") == 200, 60)
    assert site.get_status("/healthz") == 200
    assert site.inspect("{{.RestartCount}}") == "0"
    assert site.get_status("/admin/login/") == 200


def test_concurrent_starts(network: Network, database: Container, production: str) -> None:
    """If five containers start at once on an empty database, one migrates, and all serve.

    PostgreSQL may also end sessions that are idle in a transaction.
    """
    limit = "ALTER ROLE app SET idle_in_transaction_session_timeout = '500ms'"
    database.exec("psql", "--username=app", "app", "--command", limit)
    sites = [network.start_site(production, WEB_CONCURRENCY="1") for _ in range(5)]
    for site in sites:
        assert site.wait_until_ready(90).get_status("/") == 200
    logs = [site.logs() for site in sites]
    for migration in ("accounts.0001_initial", "sessions.0001_initial"):
        assert sum(log.count(f"Applying {migration}") for log in logs) == 1
    assert sum("Applying " in log for log in logs) == 1


def test_migrations_behind_a_pooler(network: Network, database: Container, production: str) -> None:
    """Behind PgBouncer in transaction mode, containers migrate, even several at once."""
    docker("build", "--tag", "slipway-test/pgbouncer:13", HERE / "images" / "pgbouncer")
    network.run("slipway-test/pgbouncer:13", options=("--network-alias", "pooler"))
    url = "postgres://app:app@pooler:6432/app?conn_max_age=0"
    for _ in range(2):
        sites = [network.start_site(production, DATABASE_URL=url) for _ in range(3)]
        for site in sites:
            site.wait_until_ready(120)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    command = ("psql", "--username=app", "app", "--tuples-only", "--command", locks)
    assert database.exec(*command).strip() == "0"


def test_migration_in_progress(network: Network, database: Container, production: str) -> None:
    """While another process migrates, the log says which one; a stop takes effect at once."""
    hold_lock = "BEGIN; SELECT pg_advisory_xact_lock(20261123), pg_sleep(60)"
    docker("exec", "--detach", database.id, "psql", "--username=app", f"--command={hold_lock}", "app")
    site = network.start_site(production)
    wait_until(lambda: "which migrates: process" in site.logs(), 30)
    other = network.run(
        production,
        *("python", "manage.py", "wait_and_migrate"),
        **{**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"},
    )
    wait_until(lambda: "which migrates: process" in other.logs(), 30)
    assert site.stop() != KILLED
    assert other.stop() != KILLED


def test_failed_migration(
    network: Network, database: Container, project: Path, production: str, tmp_path: Path
) -> None:
    """If a migration fails, the container exits with an error that names it, and serves nothing."""
    broken = tmp_path / "9999_broken.py"
    broken.write_text(engine.render_broken_migration(project / "apps/accounts/migrations"))
    broken.chmod(0o644)
    mount = f"--volume={broken}:/app/apps/accounts/migrations/{broken.name}:ro"
    site = network.start_site(production, (mount,))
    assert site.wait_until_exit(60) != 0
    assert "accounts.9999_broken" in site.logs()
    assert "division by zero" in site.logs()
    assert "Listening at" not in site.logs()


def test_without_migrations(network: Network, database: Container, production: str) -> None:
    """With RUN_MIGRATIONS=false the site does not migrate, and is not ready until another process has."""
    site = network.start_site(production, RUN_MIGRATIONS="false")
    wait_until(lambda: site.get_status("/healthz") == 200, 30)
    assert site.get_status("/readyz") == 503
    other = network.run(
        production,
        *("python", "manage.py", "wait_and_migrate"),
        **{**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"},
    )
    assert other.wait_until_exit(60) == 0
    wait_until(lambda: site.get_status("/readyz") == 200, 30)


@pytest.fixture
def memory_hog(project: Path, tmp_path: Path) -> str:
    """Return the Docker option that adds a page which allocates 600 MB."""
    urls = tmp_path / "urls.py"
    page = (
        "\nfrom django.http import HttpResponse\nfrom django.urls import path as _path\n\n\n"
        "def _memory_hog(request):\n    return HttpResponse(str(len(bytearray(b'x') * 600_000_000)))\n\n\n"
        "urlpatterns = [_path('memory-hog/', _memory_hog), *urlpatterns]\n"
    )
    urls.write_text((project / "config/urls.py").read_text() + page)
    urls.chmod(0o644)
    return f"--volume={urls}:/app/config/urls.py:ro"


def test_out_of_memory(network: Network, database: Container, production: str, memory_hog: str) -> None:
    """If a worker runs out of memory, it is replaced, and the site keeps serving."""
    limits = ("--memory=400m", "--memory-swap=400m")
    site = network.start_site(production, (memory_hog, *limits)).wait_until_ready()
    before = site.list_workers()
    with pytest.raises(ConnectionError):
        site.get("/memory-hog/")
    wait_until(lambda: site.get_status("/") == 200, 30)
    after = wait_until(lambda: len(now := site.list_workers()) == 2 and now, 30)
    assert before != after
    assert site.is_running
    # The log has the reason.
    assert "memory" in site.logs()


def test_full_disk(network: Network, database: Container, production: str) -> None:
    """If /tmp is full, the site serves its pages; only a large upload fails."""
    site = network.start_site(production, ("--read-only", "--tmpfs=/tmp:size=64k")).wait_until_ready()
    site.exec("sh", "-c", "cat /dev/zero > /tmp/full || true")
    cookies = engine.log_in(site)
    for path in ("/", "/admin/", "/account/login/", "/readyz"):
        assert site.get(path, Cookie=engine.format_cookies(cookies)).status == 200
    # Django keeps an upload of more than 2.5 MB in /tmp.
    assert upload(site, 4_000_000) in {0, 400, 403, 413, 500}
    assert site.get("/").status == 200
    assert site.is_running


def upload(site: Container, size: int) -> int:
    """Upload a file of this size, which Django stores in /tmp; return the status.

    It is 0 if the site closed the connection during the upload (RFC 9112, 9.5).
    """
    connection = http.client.HTTPConnection(site.address, 8000, timeout=30)
    body = (
        b'--frame\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        + b"x" * size
        + b"\r\n--frame--\r\n"
    )
    # With a CSRF cookie, so that Django reads the body.
    cookies = engine.format_cookies(site.get("/account/login/").cookies)
    content_type = "multipart/form-data; boundary=frame"
    headers = {**engine.HEADERS, "Content-Type": content_type, "Cookie": cookies}
    try:
        connection.request("POST", "/account/login/", body, headers)
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()
