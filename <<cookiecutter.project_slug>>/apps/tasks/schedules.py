"""Enqueues tasks with a schedule. Every worker does so, and each due run is enqueued once."""

import sys

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from apps.tasks.declaration import Task
from apps.tasks.models import Schedule


def find_scheduled_tasks() -> dict[str, Task]:
    """Return the tasks with a schedule in the `tasks.py` of all apps, by their path."""
    autodiscover_modules("tasks")
    modules = (sys.modules.get(f"{app.name}.tasks") for app in apps.get_app_configs())
    return {
        value.module_path: value
        for module in modules
        for value in vars(module or object).values()
        if isinstance(value, Task) and value.schedule
    }


def sync_schedules(tasks: dict[str, Task]) -> None:
    """Update the table of schedules from the code; an unchanged schedule keeps its next run."""
    Schedule.objects.exclude(task_path__in=tasks).delete()
    for path, task in tasks.items():
        values = {"schedule": str(task.schedule), "next_run_at": task.next_run(timezone.now())}
        row, _ = Schedule.objects.get_or_create(task_path=path, defaults=values)
        if row.schedule != values["schedule"]:
            Schedule.objects.filter(pk=path).update(**values)


def enqueue_due(tasks: dict[str, Task]) -> None:
    """Enqueue due tasks; runs that were missed while no worker ran are enqueued once."""
    now = timezone.now()
    for due in Schedule.objects.filter(task_path__in=tasks, next_run_at__lte=now):
        task = tasks[due.task_path]
        with transaction.atomic():
            # Of several workers, only the one that updates the time enqueues the task.
            is_updated = Schedule.objects.filter(pk=due.pk, next_run_at=due.next_run_at).update(
                next_run_at=task.next_run(now), last_run_at=now
            )
            if is_updated:
                task.enqueue()
