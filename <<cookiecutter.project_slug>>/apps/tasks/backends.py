"""The two task backends; TASKS selects one.

https://docs.djangoproject.com/en/6.1/ref/tasks/
"""

from functools import partial
from typing import Any

from django.db import transaction
from django.tasks.backends import immediate
from django_tasks_db import backend as database

from apps.tasks.declaration import Task


class DatabaseBackend(database.DatabaseBackend):
    """Stores tasks in the database, for a worker."""

    task_class = Task


class ImmediateBackend(immediate.ImmediateBackend):
    """Runs a task immediately, in the process that enqueues it.

    Inside a transaction, it waits for the commit, as a worker would. The option
    `on_commit: False` is for tests, whose transactions never commit.
    """

    task_class = Task

    def _execute_task(self, task_result: Any) -> None:
        execute = partial(super()._execute_task, task_result)  # type: ignore[misc]
        if self.options.get("on_commit", True):
            transaction.on_commit(execute)
        else:
            execute()
