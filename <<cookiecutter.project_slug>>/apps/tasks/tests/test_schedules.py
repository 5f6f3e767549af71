from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.tasks.exceptions import InvalidTask
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.tasks import schedules, tasks
from apps.tasks.declaration import Task, task
from apps.tasks.models import Schedule
from apps.tasks.tests import samples

pytestmark = pytest.mark.usefixtures("tasks_wait")


@pytest.fixture
def planned() -> dict[str, Task]:
    """Return two tasks with a schedule in the table of schedules."""
    both = [each for each in (samples.often, samples.daily) if isinstance(each, Task)]
    tasks = {each.module_path: each for each in both}
    schedules.sync_schedules(tasks)
    return tasks


def make_due(ago: timedelta) -> None:
    """Make all schedules due, some time ago."""
    Schedule.objects.update(next_run_at=timezone.now() - ago)


def test_the_schedules_of_the_site_are_found() -> None:
    names = {path.rpartition(".")[2] for path in schedules.find_scheduled_tasks()}
    assert {"delete_expired_sessions", "delete_old_results"} <= names


def test_nothing_is_due_at_first(planned: dict[str, Task]) -> None:
    schedules.enqueue_due(planned)
    assert not DBTaskResult.objects.exists()
    next_run = Schedule.objects.get(schedule="30 4 * * *").next_run_at
    assert timezone.localtime(next_run).strftime("%H:%M") == "04:30"


def test_a_due_run_is_enqueued_once(planned: dict[str, Task]) -> None:
    make_due(timedelta(seconds=1))
    for _worker in range(3):
        schedules.enqueue_due(planned)
    assert DBTaskResult.objects.count() == 2
    assert all(row.next_run_at > timezone.now() for row in Schedule.objects.all())


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/London", datetime(2026, 10, 25, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 3, 29, tzinfo=UTC)),
    ],
)
def test_daylight_saving_time_changes(zone: str, day: datetime) -> None:
    nightly = task(schedule="30 1 * * *")(samples.often.func)
    assert isinstance(nightly, Task)
    with timezone.override(zone):
        minutes = [day + timedelta(minutes=minute) for minute in range(0, 240, 5)]
        runs = {nightly.next_run(minute) for minute in minutes}
        assert all(nightly.next_run(minute) > minute for minute in minutes)
    assert len({run for run in runs if run <= minutes[-1]}) == 1


def test_missed_runs_are_enqueued_once(planned: dict[str, Task]) -> None:
    make_due(timedelta(days=10))
    schedules.enqueue_due(planned)
    schedules.enqueue_due(planned)
    assert DBTaskResult.objects.count() == 2


def test_an_edit_changes_the_next_run_and_a_restart_does_not(planned: dict[str, Task]) -> None:
    make_due(timedelta(hours=1))
    schedules.sync_schedules(planned)
    assert Schedule.objects.filter(next_run_at__lt=timezone.now()).count() == 2
    Schedule.objects.update(schedule="of the last release")
    schedules.sync_schedules(planned)
    assert not Schedule.objects.filter(next_run_at__lt=timezone.now()).exists()
    schedules.sync_schedules({})
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("schedule", ["", "daily", "61 * * * *", "* * 31 2 *", timedelta()])
def test_a_wrong_schedule_is_refused(schedule: str | timedelta) -> None:
    with pytest.raises(InvalidTask):
        task(schedule=schedule)(samples.add.func)


def test_expired_sessions_are_deleted() -> None:
    for age in (-1, 1000):
        session = SessionStore()
        session.set_expiry(age)
        session.create()
    tasks.delete_expired_sessions.call()
    assert Session.objects.count() == 1


def test_old_results_are_deleted() -> None:
    now = timezone.now()
    for status, days in [("SUCCESSFUL", 15), ("SUCCESSFUL", 1), ("FAILED", 15), ("FAILED", 91)]:
        result = samples.add.enqueue(1, 2)
        DBTaskResult.objects.filter(pk=result.id).update(
            status=status, finished_at=now - timedelta(days=days)
        )
    tasks.delete_old_results.call()
    assert sorted(DBTaskResult.objects.values_list("status", flat=True)) == ["FAILED", "SUCCESSFUL"]
