"""Background tasks in real processes on SQLite."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.host.test_site import get
from tests.production import find_free_port, poll
from tests.project import Install, Project

# Tasks that write a line to a file when they begin and end.
TASKS = """
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from apps.tasks.declaration import task


def note(text):
    with Path("notes").open("a") as file:
        file.write(f"{text}\\n")


@task(retry_seconds=0.1)
def slow(name, seconds):
    note(f"begin {name}")
    time.sleep(seconds)
    note(f"end {name}")


@task(retry_seconds=0.1, max_attempts=3)
def fix(name):
    note(f"begin {name}")
    if Path("notes").read_text().count(f"begin {name}") < 3:
        raise RuntimeError("not yet")


@task(time_limit=1, max_attempts=1)
def deaf():
    note("begin deaf")
    while True:
        with suppress(BaseException):
            time.sleep(60)


@task(schedule=timedelta(days=1))
def daily():
    note("daily")
"""
Start = Callable[..., subprocess.Popen]


@pytest.fixture(scope="module")
def task_project(cookies_session, install: Install) -> Project:
    """Return a project with its own tasks, a database and the log format of production."""
    project = install(cookies_session.bake(extra_context={"tasks": "database"}).project_path)
    (project.folder / "apps/core/tasks.py").write_text(TASKS)
    project.variables |= {"DEBUG": "true", "LOG_FORMAT": "json", "TASKS": "database"}
    project.run("npm", "run", "build")
    project.run("python", "manage.py", "migrate")
    return project


@pytest.fixture
def project(task_project: Project) -> Project:
    """Return the project with an empty queue and no notes."""
    (task_project.folder / "notes").write_text("")
    query(task_project, "DELETE FROM django_tasks_database_dbtaskresult")
    return task_project


@pytest.fixture
def start(project: Project, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a worker, which soon considers others lost; all end with the test."""
    workers = []

    def start(*options: str) -> subprocess.Popen:
        log = (tmp_path / f"log-{len(workers)}").open("w+")
        words = ["python", "manage.py", "worker", "--lost-after", "2", *options]
        process = subprocess.Popen(
            words, cwd=project.folder, env=project.variables, stdout=log, stderr=subprocess.STDOUT
        )
        process.log = log.name
        workers.append(process)
        assert poll(60, lambda: "is ready" in read_output(process)), read_output(process)
        return process

    yield start
    for process in workers:
        process.kill()
        process.wait()


def read_output(process: subprocess.Popen) -> str:
    """Return a worker's log."""
    return Path(process.log).read_text()


def enqueue(project: Project, code: str) -> None:
    """Run this code in the project, with its tasks imported."""
    code = f"import django; django.setup(); from apps.core.tasks import *; {code}"
    project.run("python", "-c", code, DJANGO_SETTINGS_MODULE="config.settings")


def query(project: Project, command: str) -> list[str]:
    """Return the first column of a query."""
    with closing(sqlite3.connect(project.folder / "db.sqlite3", timeout=30)) as database, database:
        return [row[0] for row in database.execute(command)]


def read_notes(project: Project) -> list[str]:
    """Return the notes of the tasks."""
    return (project.folder / "notes").read_text().splitlines()


def list_statuses(project: Project) -> list[str]:
    """Return the status of every task."""
    return query(project, "SELECT status FROM django_tasks_database_dbtaskresult ORDER BY status")


def find_workers(project: Project) -> str:
    """Return the PIDs of remaining processes of `fab worker`."""
    return project.run("pgrep", "--full", "manage.py worker --reload", check=False).stdout


def test_two_workers_run_each_task_once(project: Project, start: Start) -> None:
    """Of two workers, each runs some of thirty tasks, and each task runs once."""
    workers = [start(), start()]
    enqueue(project, "[slow.enqueue(str(number), 0.1) for number in range(30)]")
    assert poll(60, lambda: len(read_notes(project)) >= 60)
    assert sorted(read_notes(project)) == sorted(
        f"{word} {n}" for n in range(30) for word in ("begin", "end")
    )
    assert poll(60, lambda: set(list_statuses(project)) == {"SUCCESSFUL"})
    assert all("state=SUCCESSFUL" in read_output(worker) for worker in workers)


def test_task_of_a_killed_worker_is_run_again(project: Project, start: Start) -> None:
    """If a worker is killed during a task, another worker runs the task again."""
    enqueue(project, "slow.enqueue('long', 3)")
    worker = start()
    assert poll(60, lambda: read_notes(project) == ["begin long"])
    worker.kill()
    start()
    assert poll(60, lambda: read_notes(project) == ["begin long", "begin long", "end long"]), read_notes(
        project
    )
    assert poll(60, lambda: list_statuses(project) == ["SUCCESSFUL"])


def test_stop_during_a_task(project: Project, start: Start) -> None:
    """On SIGTERM a worker finishes its task, starts no other, and exits with 0."""
    enqueue(project, "slow.enqueue('one', 3); slow.enqueue('two', 0)")
    worker = start()
    assert poll(60, lambda: read_notes(project) == ["begin one"])
    worker.terminate()
    assert worker.wait(60) == 0
    assert read_notes(project) == ["begin one", "end one"]
    assert list_statuses(project) == ["READY", "SUCCESSFUL"]


def test_stop_requeues_a_long_task(project: Project, start: Start) -> None:
    """On SIGTERM a task that exceeds GRACEFUL_TIMEOUT_SECONDS is requeued; the exit code is 0."""
    enqueue(project, "slow.enqueue('long', 600)")
    project.variables["GRACEFUL_TIMEOUT_SECONDS"] = "1"
    worker = start()
    del project.variables["GRACEFUL_TIMEOUT_SECONDS"]
    assert poll(60, lambda: read_notes(project) == ["begin long"])
    worker.terminate()
    assert worker.wait(60) == 0
    assert list_statuses(project) == ["READY"]


def test_failing_task_is_retried(project: Project, start: Start) -> None:
    """A failing task is retried, and each failure is in the log as JSON."""
    enqueue(project, "fix.enqueue('it')")
    worker = start()
    assert poll(60, lambda: list_statuses(project) == ["SUCCESSFUL"]), read_output(worker)
    assert read_notes(project) == ["begin it"] * 3
    lines = [json.loads(line) for line in read_output(worker).splitlines()]
    failures = [line for line in lines if line["level"] == "WARNING" and "RuntimeError" in str(line)]
    assert len(failures) == 2
    [identifier] = query(project, "SELECT id FROM django_tasks_database_dbtaskresult")
    assert {line["task_id"].replace("-", "") for line in failures} == {identifier}


def test_task_that_cannot_be_interrupted(project: Project, start: Start) -> None:
    """A task that cannot be interrupted fails, and ends its worker, which prints where it hung."""
    enqueue(project, "deaf.enqueue(); slow.enqueue('after', 0)")
    worker = start()
    assert worker.wait(60) == 1
    assert "deaf" in read_output(worker)
    start()
    assert poll(60, lambda: "end after" in read_notes(project))
    assert poll(60, lambda: list_statuses(project) == ["FAILED", "SUCCESSFUL"])
    assert read_notes(project).count("begin deaf") == 1


def test_missed_runs_are_run_once(project: Project, start: Start) -> None:
    """A daily task that missed several runs while no worker ran is run once, by one of two workers."""
    start().terminate()
    change = "next_run_at = '2026-01-01 00:00:00'"
    query(project, f"UPDATE tasks_schedule SET {change} WHERE task_path LIKE '%.daily'")
    start()
    start()
    assert poll(60, lambda: read_notes(project) == ["daily"])
    time.sleep(3)
    assert read_notes(project) == ["daily"]


def test_health_check_of_a_worker(project: Project, start: Start) -> None:
    """With --health-port a worker serves /healthz, also while a task runs."""
    port = find_free_port()
    enqueue(project, "slow.enqueue('long', 600)")
    start("--health-port", str(port))
    assert poll(60, lambda: read_notes(project) == ["begin long"])
    assert get(f"http://localhost:{port}/healthz") == "ok"


def test_worker_reloads_edited_code(project: Project) -> None:
    """`fab worker` reloads edited code, and leaves no process behind."""
    worker = subprocess.Popen(
        ["fab", "worker"],
        cwd=project.folder,
        env=project.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        enqueue(project, "slow.enqueue('one', 0)")
        assert poll(60, lambda: "end one" in read_notes(project))
        code = project.folder / "apps/core/tasks.py"
        code.write_text(TASKS.replace('note(f"end', 'note(f"edited'))

        def is_reloaded() -> bool:
            enqueue(project, "slow.enqueue('two', 0)")
            return poll(3, lambda: "edited two" in read_notes(project))

        assert poll(60, is_reloaded), read_notes(project)
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        output = worker.communicate(timeout=60)[0].decode()
    assert "Traceback" not in output
    assert poll(60, lambda: not find_workers(project))


def test_worker_without_the_variable(project: Project) -> None:
    """Without TASKS=database `fab worker` fails and names the variable."""
    result = project.run("fab", "worker", check=False, TASKS="")
    assert result.returncode == 1
    assert "TASKS=database" in result.stdout
