import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.tasks import TaskResultStatus
from pytest_django import Settings

from apps.accounts.models import User
from apps.tasks.tests import samples


def test_without_a_worker_a_task_runs_at_once() -> None:
    assert samples.add.enqueue(1, 2).return_value == 3


@pytest.mark.django_db(transaction=True)
def test_without_a_worker_a_task_waits_for_the_commit(settings: Settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "apps.tasks.backends.ImmediateBackend"}}
    with transaction.atomic():
        result = samples.remember.enqueue("ann@example.org")
        assert not User.objects.exists()
    assert User.objects.exists()
    assert result.status == TaskResultStatus.FAILED
    with transaction.atomic():
        samples.remember.enqueue("ben@example.org")
        transaction.set_rollback(True)
    assert not User.objects.filter(email="ben@example.org").exists()


def test_the_worker_refuses_to_start_without_tasks_in_the_database() -> None:
    with pytest.raises(CommandError, match="TASKS=database"):
        call_command("worker")
