"""Runs the tasks in the database, one at a time; start several workers to run more.

django-tasks-db stores the tasks. Its own worker is not used, since it does not repeat failed tasks,
never recovers the task of a killed worker, has no time limit, and ends when the
database does not respond.
"""

import faulthandler
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from traceback import format_exception
from types import FrameType
from typing import Any

from django.db import Error, close_old_connections, connection, connections, reset_queries
from django.db.models.functions import Now
from django.tasks import TaskContext, TaskResultStatus, task_backends
from django.tasks.signals import task_finished, task_started
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db.models import DBTaskResult
from django_tasks_db.utils import exclusive_transaction

from apps.core.health import NotReadyError, check_database
from apps.tasks import schedules
from apps.tasks.declaration import MAX_ATTEMPTS, TIME_LIMIT, Task
from apps.tasks.models import Heartbeat

logger = logging.getLogger("site.tasks")
# The ID of the running task, for the log.
task_id: ContextVar[str] = ContextVar("task_id", default="")

# How long the worker sleeps when there is nothing to do, in seconds.
PAUSE = 1
# How long a stopped task has to clean up before the process ends, in seconds.
HARD_LIMIT = 5


class AddTaskId(logging.Filter):
    """Adds the ID of the running task to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if task := task_id.get():
            record.task_id = task
        return True


class TimeLimitExceeded(KeyboardInterrupt):
    """The task took longer than its time limit.

    Not an Exception, since a task in a loop might catch that; and a KeyboardInterrupt, since psycopg
    then cancels the running query.
    """


class StopRequested(KeyboardInterrupt):
    """The worker is stopping and the task has not finished within the grace period."""


class WorkerLostError(Exception):
    """The worker of a task ended unexpectedly: killed, out of memory or disconnected."""


class TaskWorker:
    """A process that runs tasks.

    A worker without a heartbeat for `lost_after` seconds counts as dead. When it stops, the
    running task has `grace` seconds to finish; then it is enqueued again.
    """

    def __init__(self, lost_after: float, grace: float) -> None:
        self.id = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.lost_after = lost_after
        self.grace = grace
        self.stopping = False
        self.running = False
        self.limit_at = 0.0
        self.scheduled: dict[str, Task] = {}
        self.check_lost_at = time.monotonic() + lost_after

    # --- The process

    def run(self) -> None:
        """Run tasks until a signal stops the worker."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(AddTaskId())
        for number in (signal.SIGTERM, signal.SIGINT):
            # A shell makes background processes ignore Ctrl-C.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.stop)
        signal.signal(signal.SIGALRM, self.interrupt)
        if not self.wait_until_ready():
            return
        stopped = threading.Event()
        thread = threading.Thread(target=self.send_heartbeats, args=[stopped], daemon=True)
        thread.start()
        logger.info("Worker %s is ready.", self.id)
        while not self.stopping:
            if not self.work():
                time.sleep(PAUSE)
        stopped.set()
        thread.join(PAUSE)
        self.remove_heartbeat()

    def stop(self, *_: Any) -> None:
        """Stop after the running task; the second call does not wait for it."""
        is_second, self.stopping = self.stopping, True
        if self.running:
            remaining = signal.getitimer(signal.ITIMER_REAL)[0]
            signal.setitimer(signal.ITIMER_REAL, 0.001 if is_second else min(remaining, self.grace))

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt the running task at its time limit or at the end of the grace period."""
        if self.running:
            raise TimeLimitExceeded if time.monotonic() >= self.limit_at else StopRequested

    def wait_until_ready(self) -> bool:
        """Wait until the database responds and has this release's migrations; return False at a stop."""
        reported = ""
        while not self.stopping:
            try:
                check_database()
                self.scheduled = schedules.find_scheduled_tasks()
                schedules.sync_schedules(self.scheduled)
                return True
            except (NotReadyError, Error) as error:
                if str(error) != reported:
                    logger.warning("Waiting for the database: %s", error)
                reported = str(error)
                time.sleep(PAUSE)
        return False

    # --- Heartbeat

    def send_heartbeats(self, stopped: threading.Event) -> None:
        """Send heartbeats until the worker has ended; runs in a separate thread."""
        while not stopped.wait(self.lost_after / 6):
            try:
                self.send_heartbeat()
            except Error:
                # The worker itself logs the error.
                connection.close()
        connection.close()

    def send_heartbeat(self) -> None:
        """Send a heartbeat, by the database's clock, which all workers share."""
        if not Heartbeat.objects.filter(pk=self.id).update(seen_at=Now()):
            Heartbeat.objects.create(worker=self.id, seen_at=Now())

    def remove_heartbeat(self) -> None:
        """Delete the heartbeat of this worker, which has ended."""
        try:
            Heartbeat.objects.filter(pk=self.id).delete()
        except Error as error:
            logger.warning("The database does not respond: %s", error)

    def requeue_lost(self) -> None:
        """Enqueue again the tasks whose worker is gone."""
        # In this order: a worker that claims a task sends a heartbeat with it.
        running = list(DBTaskResult.objects.running())
        deadline = Now() - timedelta(seconds=self.lost_after)
        Heartbeat.objects.filter(seen_at__lt=deadline).delete()
        # This worker runs no task now, so a task that it seems to run is lost as well.
        alive = set(Heartbeat.objects.exclude(pk=self.id).values_list("pk", flat=True))
        for row in running:
            worker = row.worker_ids[-1] if row.worker_ids else ""
            if worker not in alive:
                self.record_failure(row, WorkerLostError(f"The worker {worker} is gone."))

    # --- Tasks

    def work(self) -> bool:
        """Enqueue due schedules and run the next task; return whether there was one."""
        close_old_connections()
        reset_queries()
        try:
            if time.monotonic() >= self.check_lost_at:
                self.requeue_lost()
                self.check_lost_at = time.monotonic() + self.lost_after / 2
            schedules.enqueue_due(self.scheduled)
            row = self.claim()
        except Error as error:
            self.handle_lost_database(error)
            return False
        if row:
            token = task_id.set(str(row.id))
            try:
                self.attempt(row)
            finally:
                task_id.reset(token)
        return row is not None

    def handle_lost_database(self, error: Error) -> None:
        """Log the error, and give other workers time for a heartbeat once the database is back."""
        logger.warning("The database does not respond: %s", str(error).strip())
        connection.close()
        self.check_lost_at = time.monotonic() + self.lost_after

    def claim(self) -> DBTaskResult | None:
        """Claim and return the next task for this worker, or None if there is none."""
        ready = DBTaskResult.objects.ready().filter(backend_name="default")
        # With SQLite, the lock would block the whole site.
        if not ready.exists():
            return None
        with exclusive_transaction():
            row = ready.get_locked()
            if row:
                self.send_heartbeat()
                row.claim(self.id)
        return row

    def attempt(self, row: DBTaskResult) -> None:
        """Run a task once and record the result."""
        try:
            task, result = row.task, row.task_result
            task_started.send(type(task_backends[row.backend_name]), task_result=result)
            context: list[Any] = [TaskContext(task_result=result)] if task.takes_context else []
            with self.limit_time(getattr(task, "time_limit", TIME_LIMIT)):
                value = task.call(*context, *result.args, **result.kwargs)
            value = normalize_json(value)
        except StopRequested:
            connections.close_all()
            logger.warning("Task id=%s path=%s is enqueued again.", row.id, row.task_path)
            self.record(
                row,
                status=TaskResultStatus.READY,
                run_after=timezone.now(),
                worker_ids=row.worker_ids[:-1],
            )
        except BaseException as error:
            if isinstance(error, TimeLimitExceeded):
                # A query may have been running.
                connections.close_all()
            self.record_failure(row, error)
        else:
            self.record(
                row,
                status=TaskResultStatus.SUCCESSFUL,
                finished_at=timezone.now(),
                return_value=value,
                exception_class_path="",
                traceback="",
            )
            self.report_finished(row)

    @contextmanager
    def limit_time(self, seconds: float) -> Iterator[None]:
        """Interrupt the block with an exception if it takes longer; if that has no effect, end the process."""
        self.limit_at = time.monotonic() + seconds
        try:
            self.running = True
            remaining = min(seconds, self.grace) if self.stopping else seconds
            signal.setitimer(signal.ITIMER_REAL, remaining)
            # Prints where the task hangs. Another worker recovers it.
            faulthandler.dump_traceback_later(seconds + HARD_LIMIT, exit=True)
            yield
        finally:
            self.running = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()

    def record_failure(self, row: DBTaskResult, error: BaseException) -> None:
        """Record a failed attempt: the task is repeated later, or has finally failed."""
        attempts = len(row.worker_ids)
        outcome: dict[str, Any] = {
            "return_value": None,
            "exception_class_path": f"{type(error).__module__}.{type(error).__qualname__}",
            "traceback": "".join(format_exception(error)),
        }
        try:
            task = row.task
        except ImportError:
            # Possibly a task of the next release, whose worker can run it.
            task = None
        max_attempts = getattr(task, "max_attempts", MAX_ATTEMPTS)
        if attempts < max_attempts:
            delay = task.retry_delay(attempts) if isinstance(task, Task) else timedelta(seconds=60)
            outcome |= {"status": TaskResultStatus.READY, "run_after": timezone.now() + delay}
            if self.record(row, **outcome):
                logger.warning(
                    "Task id=%s path=%s failed, attempt %d of %d; again in %d s.",
                    *(row.id, row.task_path, attempts, max_attempts, delay.total_seconds()),
                    exc_info=error,
                )
        else:
            outcome |= {"status": TaskResultStatus.FAILED, "finished_at": timezone.now()}
            if self.record(row, **outcome):
                self.report_finished(row)

    def record(self, row: DBTaskResult, **outcome: Any) -> bool:
        """Record the outcome of an attempt, and return whether it was still this worker's.

        Waits for a database that does not respond, unless the worker is stopping.
        """
        attempt = DBTaskResult.objects.filter(
            pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at
        )
        while True:
            try:
                updated = attempt.update(**outcome)
                break
            except Error as error:
                self.handle_lost_database(error)
                if self.stopping:
                    return False
                time.sleep(PAUSE)
        for name, value in outcome.items():
            setattr(row, name, value)
        return bool(updated)

    def report_finished(self, row: DBTaskResult) -> None:
        """Send the signal that a task has succeeded or failed, for example to Django's log."""
        try:
            task_finished.send_robust(
                type(task_backends[row.backend_name]), task_result=row.task_result
            )
        except ImportError:
            logger.error("Task id=%s path=%s is unknown to this release.", row.id, row.task_path)
