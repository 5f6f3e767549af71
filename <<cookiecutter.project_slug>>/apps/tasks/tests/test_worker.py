"""The worker, a step at a time and in this process."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.tasks.models import Heartbeat
from apps.tasks.tests import samples
from apps.tasks.worker import TaskWorker, task_id

pytestmark = pytest.mark.usefixtures("tasks_wait")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskWorker]:
    """Return a worker that keeps the test's own connection to the database."""
    for name in ("close_old_connections", "connections.close_all"):
        monkeypatch.setattr(f"apps.tasks.worker.{name}", lambda: None)
    worker = TaskWorker(lost_after=30, grace=0.1)
    before = signal.signal(signal.SIGALRM, worker.interrupt)
    yield worker
    signal.signal(signal.SIGALRM, before)


def get_row() -> DBTaskResult:
    """Return the one task in the database."""
    return DBTaskResult.objects.get()


def make_all_due() -> None:
    """Make all tasks due."""
    DBTaskResult.objects.update(run_after=timezone.now())


def test_a_task_is_run_once(worker: TaskWorker) -> None:
    result = samples.add.enqueue(1, 2)
    assert worker.work()
    assert not worker.work()
    result.refresh()
    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 3)


def test_a_task_can_read_its_attempt(worker: TaskWorker) -> None:
    result = samples.count.enqueue()
    worker.work()
    result.refresh()
    assert result.return_value == 1


def test_enqueueing_is_rolled_back_with_its_transaction(worker: TaskWorker) -> None:
    with transaction.atomic():
        samples.add.enqueue(1, 2)
        transaction.set_rollback(True)
    assert not worker.work()


def test_a_failed_attempt_is_retried_later(
    worker: TaskWorker, caplog: pytest.LogCaptureFixture
) -> None:
    samples.fail.enqueue()
    worker.work()
    row = get_row()
    assert row.status == TaskResultStatus.READY
    assert timedelta(0) < row.run_after - timezone.now() <= timedelta(seconds=60)
    assert not worker.work(), "not before its time"
    assert [record.levelname for record in caplog.records if record.exc_info] == ["WARNING"]


def test_a_task_has_failed_after_its_last_attempt(
    worker: TaskWorker, caplog: pytest.LogCaptureFixture
) -> None:
    samples.fail.enqueue()
    worker.work()
    make_all_due()
    worker.work()
    assert get_row().status == TaskResultStatus.FAILED
    assert "not today" in get_row().traceback
    assert caplog.records[-1].levelname == "ERROR"
    assert caplog.records[-1].exc_info


def test_the_retry_delay_grows() -> None:
    delays = [samples.fail.retry_delay(attempts) for attempts in (1, 2, 3, 4, 1000)]  # type: ignore[attr-defined]
    assert [delay.total_seconds() for delay in delays] == [60, 240, 960, 3600, 3600]


def test_a_stuck_task_is_interrupted(worker: TaskWorker) -> None:
    samples.hang.enqueue()
    start = time.monotonic()
    worker.work()
    assert time.monotonic() - start < 30
    assert get_row().status == TaskResultStatus.FAILED
    assert "TimeLimitExceeded" in get_row().traceback


def test_a_stop_requeues_a_long_task(worker: TaskWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.hang.enqueue()
    row = worker.claim()
    assert row
    worker.grace = 0.05
    worker.stop()
    worker.attempt(row)
    # As if it had never been started.
    assert (get_row().status, get_row().worker_ids) == (TaskResultStatus.READY, [])


def test_the_task_of_a_lost_worker_is_requeued(worker: TaskWorker) -> None:
    result = samples.add.enqueue(1, 2)
    assert TaskWorker(lost_after=30, grace=1).claim()
    worker.requeue_lost()
    assert get_row().status == TaskResultStatus.RUNNING, "it is not lost yet"
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    worker.requeue_lost()
    assert get_row().status == TaskResultStatus.READY
    assert not Heartbeat.objects.exists()
    make_all_due()
    worker.work()
    result.refresh()
    assert (result.status, result.attempts) == (TaskResultStatus.SUCCESSFUL, 2)


def test_a_task_that_kills_its_worker_fails_after_its_last_attempt(worker: TaskWorker) -> None:
    samples.fail.enqueue()
    for _ in range(2):
        make_all_due()
        assert TaskWorker(lost_after=30, grace=1).claim()
        Heartbeat.objects.all().delete()
        worker.requeue_lost()
    assert get_row().status == TaskResultStatus.FAILED
    assert "WorkerLostError" in get_row().traceback


def test_a_worker_presumed_dead_changes_nothing(worker: TaskWorker) -> None:
    samples.add.enqueue(1, 2)
    slow = TaskWorker(lost_after=30, grace=1)
    row = slow.claim()
    assert row
    Heartbeat.objects.all().delete()
    worker.requeue_lost()
    make_all_due()
    assert worker.claim()
    slow.record_failure(row, ValueError("late"))
    assert get_row().status == TaskResultStatus.RUNNING
    assert len(get_row().worker_ids) == 2


def test_an_unknown_task_is_retried(worker: TaskWorker) -> None:
    samples.add.enqueue(1, 2)
    DBTaskResult.objects.update(task_path="apps.tasks.tests.samples.of_tomorrow")
    worker.work()
    assert get_row().status == TaskResultStatus.READY
    assert "of_tomorrow" in get_row().traceback


def test_log_records_have_the_id_of_their_task(
    worker: TaskWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(worker, "attempt", lambda _row: seen.append(task_id.get()))
    result = samples.add.enqueue(1, 2)
    worker.work()
    assert (seen, task_id.get()) == ([result.id], "")
