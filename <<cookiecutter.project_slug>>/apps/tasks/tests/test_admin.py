import pytest
from django.contrib.auth.models import Permission
from django.tasks import TaskResultStatus
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.accounts.models import User
from apps.accounts.tests.factories import make_superuser
from apps.tasks.models import Heartbeat, Schedule
from apps.tasks.tests import samples

pytestmark = pytest.mark.usefixtures("tasks_wait")
LIST = "admin:django_tasks_database_dbtaskresult_changelist"


@pytest.fixture
def failed() -> DBTaskResult:
    """Return a task that has failed."""
    result = samples.add.enqueue(1, 2)
    DBTaskResult.objects.update(
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        worker_ids=["gone"] * 5,
        exception_class_path="builtins.ValueError",
        traceback="Traceback\nValueError: not today\n",
    )
    return DBTaskResult.objects.get(pk=result.id)


@pytest.fixture
def staff(client: Client) -> User:
    """Return a superuser who is signed in."""
    user = make_superuser()
    client.force_login(user)
    return user


def test_a_failed_task_and_its_error_are_shown(
    client: Client, staff: User, failed: DBTaskResult
) -> None:
    assert "ValueError: not today" in client.get(reverse(LIST)).text
    page = reverse("admin:django_tasks_database_dbtaskresult_change", args=[failed.pk])
    assert client.get(page).status_code == 200


def test_a_failed_task_is_run_again(client: Client, staff: User, failed: DBTaskResult) -> None:
    successful = samples.add.enqueue(3, 4)
    DBTaskResult.objects.filter(pk=successful.id).update(status=TaskResultStatus.SUCCESSFUL)
    form = {"action": "run_again", "_selected_action": [failed.pk, successful.id]}
    assert client.post(reverse(LIST), form).status_code == 302
    failed.refresh_from_db()
    assert (failed.status, failed.worker_ids) == (TaskResultStatus.READY, [])
    assert DBTaskResult.objects.get(pk=successful.id).status == TaskResultStatus.SUCCESSFUL


def test_view_permission_cannot_run_a_task_again(
    client: Client, staff: User, failed: DBTaskResult
) -> None:
    User.objects.update(is_superuser=False, is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_dbtaskresult"))
    assert client.get(reverse(LIST)).status_code == 200
    client.post(reverse(LIST), {"action": "run_again", "_selected_action": [failed.pk]})
    failed.refresh_from_db()
    assert failed.status == TaskResultStatus.FAILED


def test_schedules_and_workers_are_shown(client: Client, staff: User) -> None:
    Heartbeat.objects.create(worker="one", seen_at=timezone.now())
    Schedule.objects.create(task_path="a.task", schedule="often", next_run_at=timezone.now())
    for name, text in (("heartbeat", "one"), ("schedule", "a.task")):
        assert text in client.get(reverse(f"admin:tasks_{name}_changelist")).text
