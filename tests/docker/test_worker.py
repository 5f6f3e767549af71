"""The production image as a worker, on PostgreSQL: killed, stopped, without its database, two at once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bake
from tests.docker import engine
from tests.docker.engine import BEHIND_PROXY, Container, Network, docker
from tests.production import wait_until

# A task that notes in the database when it begins and ends.
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
    """A database with tasks, and the workers at it."""

    def __init__(self, network: Network, database: Container, image: str, tasks: Path) -> None:
        """Migrate."""
        self.network, self.database, self.image = network, database, image
        self.options = (f"--volume={tasks}:/app/apps/core/tasks.py:ro",)
        assert self.run("python", "manage.py", "migrate").ended(60) == 0
        self.sql("CREATE TABLE note (text text)")

    def run(self, *command: str) -> Container:
        """Start the image with this command."""
        variables = {**BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app", "TASKS": "database"}
        return self.network.run(self.image, *command, options=self.options, **variables)

    def worker(self) -> Container:
        """Start a worker, which soon takes another for dead."""
        return self.run("python", "manage.py", "worker", "--lost-after=2", "--health-port=8000")

    def enqueue(self, code: str) -> None:
        """Run this where the tasks are imported."""
        code = f"import django; django.setup(); from apps.core.tasks import *; {code}"
        result = self.run("env", "DJANGO_SETTINGS_MODULE=config.settings", "python", "-c", code)
        assert result.ended(60) == 0, result.logs()

    def sql(self, command: str) -> list[str]:
        """Return the rows that a command in the database finds."""
        words = ("psql", "--username=app", "--tuples-only", "--no-align", "--command", command, "app")
        return self.database.exec(*words).splitlines()

    def notes(self) -> list[str]:
        """Return what the tasks have noted."""
        return self.sql("SELECT text FROM note")

    def states(self) -> list[str]:
        """Return the state of every task."""
        return self.sql(f"SELECT status FROM {RESULTS} ORDER BY status")


@pytest.fixture(scope="session")
def with_worker(bake_once: Bake, build_options: tuple[str, ...], tag: Callable[[], str]) -> str:
    """Return the production image of a project with a worker."""
    image = tag()
    engine.build(bake_once(tasks="database"), image, *build_options)
    return image


@pytest.fixture
def queue(network: Network, database: Container, with_worker: str, tmp_path: Path) -> Queue:
    """Return a queue without tasks."""
    tasks = tmp_path / "tasks.py"
    tasks.write_text(TASKS)
    tasks.chmod(0o644)
    return Queue(network, database, with_worker, tasks)


def is_so(question: Callable[[], object], *expected: str) -> None:
    """Return when the answer is this list; fail after a minute."""
    wait_until(lambda: question() == list(expected), 60, f"{question}: {question()}")


def test_worker_image(queue: Queue, network: Network) -> None:
    """`/app/bash/worker.sh` waits for work, is healthy by IPv4 and IPv6, logs the task's id, and stops."""
    worker = queue.run("/app/bash/worker.sh")
    queue.enqueue("slow.enqueue('one', 0)")
    is_so(queue.notes, "begin one", "end one")
    wait_until(lambda: worker.inspect("{{.State.Health.Status}}") == "healthy", 60)
    for host in ("127.0.0.1", "[::1]"):
        ask = f"from urllib.request import urlopen; print(urlopen('http://{host}:8000/healthz').status)"
        assert worker.exec("python", "-c", ask) == "200"
    [identifier] = queue.sql(f"SELECT id FROM {RESULTS}")
    lines = [json.loads(line) for line in worker.logs().splitlines()]
    assert identifier in {line.get("task_id") for line in lines}
    assert worker.stop() == 0


def test_worker_stopped(queue: Queue) -> None:
    """`docker stop` in the middle of a task: it ends, no other begins, and the exit code is 0."""
    worker = queue.worker()
    queue.enqueue("slow.enqueue('one', 4); slow.enqueue('two', 0)")
    is_so(queue.notes, "begin one")
    assert worker.stop() == 0
    assert queue.notes() == ["begin one", "end one"]
    assert queue.states() == ["READY", "SUCCESSFUL"]


def test_worker_killed_with_its_task(queue: Queue) -> None:
    """`docker kill` in the middle of a task: another worker runs it again."""
    worker = queue.worker()
    queue.enqueue("slow.enqueue('one', 4)")
    is_so(queue.notes, "begin one")
    docker("kill", worker.id)
    queue.worker()
    is_so(queue.notes, "begin one", "begin one", "end one")
    is_so(queue.states, "SUCCESSFUL")


def test_two_workers(queue: Queue) -> None:
    """Two workers, forty tasks: each runs once, and both workers run some."""
    workers = [queue.worker(), queue.worker()]
    for worker in workers:
        wait_until(lambda: "is ready" in worker.logs(), 60)  # noqa: B023
    queue.enqueue("[slow.enqueue(str(number), 0.1) for number in range(40)]")
    is_so(queue.states, *["SUCCESSFUL"] * 40)
    assert sorted(queue.notes()) == sorted(f"{word} {n}" for n in range(40) for word in ("begin", "end"))
    assert all("state=SUCCESSFUL" in worker.logs() for worker in workers)


def test_worker_loses_its_database(queue: Queue) -> None:
    """Database lost in the middle of a task and back: the worker continues, and the task succeeds."""
    worker = queue.worker()
    queue.enqueue("slow.enqueue('one', 4)")
    is_so(queue.notes, "begin one")
    docker("restart", "--time", "10", queue.database.id)
    wait_until(lambda: Network.accepts_connections(queue.database), 60)
    is_so(queue.states, "SUCCESSFUL")
    assert "end one" in queue.notes()
    assert worker.is_running


def test_stuck_query(queue: Queue) -> None:
    """A task that hangs in a query is interrupted, and its query ends in PostgreSQL too."""
    worker = queue.worker()
    queue.enqueue("stuck.enqueue()")
    is_so(queue.states, "FAILED")
    going_on = "query = 'SELECT pg_sleep(600)' AND state = 'active'"
    assert queue.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {going_on}") == ["0"]
    assert worker.is_running
    assert "Traceback" in queue.sql(f"SELECT traceback FROM {RESULTS}")[0]
