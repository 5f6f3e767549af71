"""Background tasks in real processes on SQLite: killed, stopped, stuck, several at once."""

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

# Tasks that leave a line in a file for each time they begin and end.
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
def made(cookies_session, install: Install) -> Project:
    """Return a project with tasks of its own, its database and production's log."""
    project = install(cookies_session.bake(extra_context={"tasks": "database"}).project_path)
    (project.folder / "apps/core/tasks.py").write_text(TASKS)
    project.variables |= {"DEBUG": "true", "LOG_FORMAT": "json", "TASKS": "database"}
    project.run("npm", "run", "build")
    project.run("python", "manage.py", "migrate")
    return project


@pytest.fixture
def project(made: Project) -> Project:
    """Return the project with nothing to do and no notes."""
    (made.folder / "notes").write_text("")
    sql(made, "DELETE FROM django_tasks_database_dbtaskresult")
    return made


@pytest.fixture
def start(project: Project, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a worker, which soon takes another for dead; all end with the test."""
    started = []

    def start(*options: str) -> subprocess.Popen:
        log = (tmp_path / f"log-{len(started)}").open("w+")
        words = ["python", "manage.py", "worker", "--lost-after", "2", *options]
        process = subprocess.Popen(
            words, cwd=project.folder, env=project.variables, stdout=log, stderr=subprocess.STDOUT
        )
        process.log = log.name
        started.append(process)
        assert poll(60, lambda: "is ready" in read_output(process)), read_output(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def read_output(process: subprocess.Popen) -> str:
    """Return what a worker has logged."""
    return Path(process.log).read_text()


def enqueue(project: Project, code: str) -> None:
    """Run this in the project, where its tasks are imported."""
    code = f"import django; django.setup(); from apps.core.tasks import *; {code}"
    project.run("python", "-c", code, DJANGO_SETTINGS_MODULE="config.settings")


def sql(project: Project, command: str) -> list[str]:
    """Return the first column of what a command on the database finds."""
    with closing(sqlite3.connect(project.folder / "db.sqlite3", timeout=30)) as database, database:
        return [row[0] for row in database.execute(command)]


def notes(project: Project) -> list[str]:
    """Return what the tasks have noted."""
    return (project.folder / "notes").read_text().splitlines()


def states(project: Project) -> list[str]:
    """Return the state of every task."""
    return sql(project, "SELECT status FROM django_tasks_database_dbtaskresult ORDER BY status")


def left(project: Project) -> str:
    """Return the processes of `fab worker` that are still there."""
    return project.run("pgrep", "--full", "manage.py worker --reload", check=False).stdout


def test_two_workers_run_each_task_once(project: Project, start: Start) -> None:
    """Thirty tasks, two workers: each task runs once, and both workers run some."""
    workers = [start(), start()]
    enqueue(project, "[slow.enqueue(str(number), 0.1) for number in range(30)]")
    assert poll(60, lambda: len(notes(project)) >= 60)
    assert sorted(notes(project)) == sorted(f"{word} {n}" for n in range(30) for word in ("begin", "end"))
    assert poll(60, lambda: set(states(project)) == {"SUCCESSFUL"})
    assert all("state=SUCCESSFUL" in read_output(worker) for worker in workers)


def test_the_task_of_a_killed_worker_is_run_again(project: Project, start: Start) -> None:
    """`kill -9` in the middle of a task: another worker runs it again from the start."""
    enqueue(project, "slow.enqueue('long', 3)")
    worker = start()
    assert poll(60, lambda: notes(project) == ["begin long"])
    worker.kill()
    start()
    assert poll(60, lambda: notes(project) == ["begin long", "begin long", "end long"]), notes(project)
    assert poll(60, lambda: states(project) == ["SUCCESSFUL"])


def test_a_stop_lets_the_running_task_finish(project: Project, start: Start) -> None:
    """SIGTERM in the middle of a task: it ends, no other begins, and the exit code is 0."""
    enqueue(project, "slow.enqueue('one', 3); slow.enqueue('two', 0)")
    worker = start()
    assert poll(60, lambda: notes(project) == ["begin one"])
    worker.terminate()
    assert worker.wait(60) == 0
    assert notes(project) == ["begin one", "end one"]
    assert states(project) == ["READY", "SUCCESSFUL"]


def test_a_stop_requeues_a_long_task(project: Project, start: Start) -> None:
    """After GRACEFUL_TIMEOUT_SECONDS the running task is handed back at once; exit code 0."""
    enqueue(project, "slow.enqueue('long', 600)")
    project.variables["GRACEFUL_TIMEOUT_SECONDS"] = "1"
    worker = start()
    del project.variables["GRACEFUL_TIMEOUT_SECONDS"]
    assert poll(60, lambda: notes(project) == ["begin long"])
    worker.terminate()
    assert worker.wait(60) == 0
    assert states(project) == ["READY"]


def test_a_failing_task_is_retried(project: Project, start: Start) -> None:
    """A task that fails twice and then succeeds: each failure is in the log as JSON."""
    enqueue(project, "fix.enqueue('it')")
    worker = start()
    assert poll(60, lambda: states(project) == ["SUCCESSFUL"]), read_output(worker)
    assert notes(project) == ["begin it"] * 3
    lines = [json.loads(line) for line in read_output(worker).splitlines()]
    failures = [line for line in lines if line["level"] == "WARNING" and "RuntimeError" in str(line)]
    assert len(failures) == 2
    [identifier] = sql(project, "SELECT id FROM django_tasks_database_dbtaskresult")
    assert {line["task_id"].replace("-", "") for line in failures} == {identifier}


def test_a_task_that_cannot_be_interrupted(project: Project, start: Start) -> None:
    """A task that cannot be interrupted ends its worker, which prints where it hung; the task has failed."""
    enqueue(project, "deaf.enqueue(); slow.enqueue('after', 0)")
    worker = start()
    assert worker.wait(60) == 1
    assert "deaf" in read_output(worker)
    start()
    assert poll(60, lambda: "end after" in notes(project))
    assert poll(60, lambda: states(project) == ["FAILED", "SUCCESSFUL"])
    assert notes(project).count("begin deaf") == 1


def test_a_missed_run_is_run_once(project: Project, start: Start) -> None:
    """A daily task that was due many times while nothing ran is run once, by one of two workers."""
    start().terminate()
    due = "next_run_at = '2026-01-01 00:00:00'"
    sql(project, f"UPDATE tasks_schedule SET {due} WHERE task_path LIKE '%.daily'")
    start()
    start()
    assert poll(60, lambda: notes(project) == ["daily"])
    time.sleep(3)
    assert notes(project) == ["daily"]


def test_a_worker_is_asked_whether_it_lives(project: Project, start: Start) -> None:
    """With a port it serves /healthz there, also while a task runs."""
    port = find_free_port()
    enqueue(project, "slow.enqueue('long', 600)")
    start("--health-port", str(port))
    assert poll(60, lambda: notes(project) == ["begin long"])
    assert get(f"http://localhost:{port}/healthz") == "ok"


def test_the_worker_restarts_on_an_edit_in_development(project: Project) -> None:
    """`fab worker` runs tasks, with an edit the new code, and ends with nothing left behind."""
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
        assert poll(60, lambda: "end one" in notes(project))
        code = project.folder / "apps/core/tasks.py"
        code.write_text(TASKS.replace('note(f"end', 'note(f"edited'))

        def is_seen() -> bool:
            enqueue(project, "slow.enqueue('two', 0)")
            return poll(3, lambda: "edited two" in notes(project))

        assert poll(60, is_seen), notes(project)
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        output = worker.communicate(timeout=60)[0].decode()
    assert "Traceback" not in output
    assert poll(60, lambda: not left(project))


def test_the_worker_refuses_to_start_without_the_variable(project: Project) -> None:
    """`fab worker` without TASKS=database names the variable to set."""
    refused = project.run("fab", "worker", check=False, TASKS="")
    assert refused.returncode == 1
    assert "TASKS=database" in refused.stdout
