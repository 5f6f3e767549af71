"""Enqueues tasks that declare a schedule; every worker does, and each due run is enqueued once."""

import sys

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from apps.tasks.declaration import Task
from apps.tasks.models import Schedule


def declared() -> dict[str, Task]:
    """Return by their path the tasks with a schedule in the `tasks.py` of all apps."""
    autodiscover_modules("tasks")
    modules = (sys.modules.get(f"{app.name}.tasks") for app in apps.get_app_configs())
    return {
        value.module_path: value
        for module in modules
        for value in vars(module or object).values()
        if isinstance(value, Task) and value.schedule
    }


def plan(tasks: dict[str, Task]) -> None:
    """Bring the table of schedules to what the code declares; a schedule that stays keeps its time."""
    Schedule.objects.exclude(task_path__in=tasks).delete()
    for path, task in tasks.items():
        values = {"schedule": str(task.schedule), "next_run_at": task.next_run(timezone.now())}
        kept, _ = Schedule.objects.get_or_create(task_path=path, defaults=values)
        if kept.schedule != values["schedule"]:
            Schedule.objects.filter(pk=path).update(**values)


def enqueue_due(tasks: dict[str, Task]) -> None:
    """Enqueue what is due; a run that was missed while no worker ran is made up for once."""
    now = timezone.now()
    for due in Schedule.objects.filter(task_path__in=tasks, next_run_at__lte=now):
        task = tasks[due.task_path]
        with transaction.atomic():
            # Of several workers one moves the time, and that one enqueues.
            moved = Schedule.objects.filter(pk=due.pk, next_run_at=due.next_run_at).update(
                next_run_at=task.next_run(now), last_run_at=now
            )
            if moved:
                task.enqueue()
