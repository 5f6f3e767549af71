"""The production image as a worker on PostgreSQL: kills, stops, a lost database, two workers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bake
from tests.docker import engine
from tests.docker.engine import BEHIND_PROXY, Container, Network, docker
from tests.production import wait_until

# A task that writes to the database when it begins and ends.
TASKS = """
import time

from django.db import connection

from apps.tasks.declaration import task


def note(text):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        cursor.execute("INSERT INTO note VALUES (%s)", [text])


@task(retry_seconds=0.1)
def slow(name, seconds):
    note(f"begin {name}")
    time.sleep(seconds)
    note(f"end {name}")


@task(time_limit=2, max_attempts=1)
def stuck():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(600)")
"""
RESULTS = "django_tasks_database_dbtaskresult"


class Queue:
    """A database with tasks, and its workers."""

    def __init__(self, network: Network, database: Container, image: str, tasks: Path) -> None:
        """Migrate the database."""
        self.network, self.database, self.image = network, database, image
        self.options = (f"--volume={tasks}:/app/apps/core/tasks.py:ro",)
        assert self.run("python", "manage.py", "migrate").wait_until_exit(60) == 0
        self.query("CREATE TABLE note (text text)")

    def run(self, *command: str) -> Container:
        """Start a container with this command."""
        variables = {**BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app", "TASKS": "database"}
        return self.network.run(self.image, *command, options=self.options, **variables)

    def start_worker(self) -> Container:
        """Start a worker, which soon considers others lost."""
        return self.run("python", "manage.py", "worker", "--lost-after=2", "--health-port=8000")

    def enqueue(self, code: str) -> None:
        """Run this code with the tasks imported."""
        code = f"import django; django.setup(); from apps.core.tasks import *; {code}"
        result = self.run("env", "DJANGO_SETTINGS_MODULE=config.settings", "python", "-c", code)
        assert result.wait_until_exit(60) == 0, result.logs()

    def query(self, command: str) -> list[str]:
        """Run SQL and return the rows."""
        words = ("psql", "--username=app", "--tuples-only", "--no-align", "--command", command, "app")
        return self.database.exec(*words).splitlines()

    def read_notes(self) -> list[str]:
        """Return the notes of the tasks."""
        return self.query("SELECT text FROM note")

    def list_statuses(self) -> list[str]:
        """Return the status of every task."""
        return self.query(f"SELECT status FROM {RESULTS} ORDER BY status")


@pytest.fixture(scope="session")
def worker_image(bake_once: Bake, build_options: tuple[str, ...], tag: Callable[[], str]) -> str:
    """Return the production image of a project with a worker."""
    image = tag()
    engine.build(bake_once(tasks="database"), image, *build_options)
    return image


@pytest.fixture
def queue(network: Network, database: Container, worker_image: str, tmp_path: Path) -> Queue:
    """Return an empty queue."""
    tasks = tmp_path / "tasks.py"
    tasks.write_text(TASKS)
    tasks.chmod(0o644)
    return Queue(network, database, worker_image, tasks)


def wait_until_equal(get_values: Callable[[], object], *expected: str) -> None:
    """Wait until the function returns these values; fail after a minute."""
    wait_until(lambda: get_values() == list(expected), 60, f"{get_values}: {get_values()}")


def test_worker_image(queue: Queue, network: Network) -> None:
    """`/app/bash/worker.sh` runs tasks, passes its health check, logs task IDs, and stops cleanly."""
    worker = queue.run("/app/bash/worker.sh")
    queue.enqueue("slow.enqueue('one', 0)")
    wait_until_equal(queue.read_notes, "begin one", "end one")
    wait_until(lambda: worker.inspect("{{.State.Health.Status}}") == "healthy", 60)
    for host in ("127.0.0.1", "[::1]"):
        ask = f"from urllib.request import urlopen; print(urlopen('http://{host}:8000/healthz').status)"
        assert worker.exec("python", "-c", ask) == "200"
    [identifier] = queue.query(f"SELECT id FROM {RESULTS}")
    lines = [json.loads(line) for line in worker.logs().splitlines()]
    assert identifier in {line.get("task_id") for line in lines}
    assert worker.stop() == 0


def test_stop_during_a_task(queue: Queue) -> None:
    """On `docker stop` during a task, a worker finishes it, starts no other, and exits with 0."""
    worker = queue.start_worker()
    queue.enqueue("slow.enqueue('one', 4); slow.enqueue('two', 0)")
    wait_until_equal(queue.read_notes, "begin one")
    assert worker.stop() == 0
    assert queue.read_notes() == ["begin one", "end one"]
    assert queue.list_statuses() == ["READY", "SUCCESSFUL"]


def test_killed_worker(queue: Queue) -> None:
    """If a worker is killed during a task with `docker kill`, another worker runs the task again."""
    worker = queue.start_worker()
    queue.enqueue("slow.enqueue('one', 4)")
    wait_until_equal(queue.read_notes, "begin one")
    docker("kill", worker.id)
    queue.start_worker()
    wait_until_equal(queue.read_notes, "begin one", "begin one", "end one")
    wait_until_equal(queue.list_statuses, "SUCCESSFUL")


def test_two_workers(queue: Queue) -> None:
    """Of two workers, each runs some of forty tasks, and each task runs once."""
    workers = [queue.start_worker(), queue.start_worker()]
    for worker in workers:
        wait_until(lambda: "is ready" in worker.logs(), 60)  # noqa: B023
    queue.enqueue("[slow.enqueue(str(number), 0.1) for number in range(40)]")
    wait_until_equal(queue.list_statuses, *["SUCCESSFUL"] * 40)
    assert sorted(queue.read_notes()) == sorted(f"{word} {n}" for n in range(40) for word in ("begin", "end"))
    assert all("state=SUCCESSFUL" in worker.logs() for worker in workers)


def test_lost_database(queue: Queue) -> None:
    """If the database restarts during a task, the worker continues and the task succeeds."""
    worker = queue.start_worker()
    queue.enqueue("slow.enqueue('one', 4)")
    wait_until_equal(queue.read_notes, "begin one")
    docker("restart", "--time", "10", queue.database.id)
    wait_until(lambda: Network.accepts_connections(queue.database), 60)
    wait_until_equal(queue.list_statuses, "SUCCESSFUL")
    assert "end one" in queue.read_notes()
    assert worker.is_running


def test_stuck_query(queue: Queue) -> None:
    """A task that exceeds its time limit in a query is interrupted, and PostgreSQL cancels the query."""
    worker = queue.start_worker()
    queue.enqueue("stuck.enqueue()")
    wait_until_equal(queue.list_statuses, "FAILED")
    condition = "query = 'SELECT pg_sleep(600)' AND state = 'active'"
    assert queue.query(f"SELECT count(*) FROM pg_stat_activity WHERE {condition}") == ["0"]
    assert worker.is_running
    assert "Traceback" in queue.query(f"SELECT traceback FROM {RESULTS}")[0]
