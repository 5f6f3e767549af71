"""Tasks, schedules and workers in the admin: read-only, except to run failed tasks again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.tasks import TaskResultStatus
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from apps.tasks.models import Heartbeat, Schedule

admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(DBTaskResultAdmin):
    """django-tasks-db's page, with the error in the list."""

    list_display = ["task_path", "status", "attempts", "error", "enqueued_at", "finished_at"]  # type: ignore[assignment]
    list_filter = ["status", "task_path"]  # type: ignore[assignment]
    actions = ["run_again"]

    @admin.display(description=_("attempts"))
    def attempts(self, row: DBTaskResult) -> int:
        """Return the number of attempts."""
        return len(row.worker_ids)

    @admin.display(description=_("error"), empty_value="")
    def error(self, row: DBTaskResult) -> str:
        """Return the last line of the last attempt's error."""
        return row.traceback.strip().rpartition("\n")[2][:200]

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may change tasks."""
        return request.user.has_perm("django_tasks_database.change_dbtaskresult")

    @admin.action(description=_("Run failed tasks again"), permissions=["run_again"])
    def run_again(self, request: HttpRequest, rows: QuerySet[DBTaskResult]) -> None:
        """Enqueue the failed tasks again, with no attempts."""
        count = rows.filter(status=TaskResultStatus.FAILED).update(
            status=TaskResultStatus.READY,
            run_after=timezone.now(),
            finished_at=None,
            worker_ids=[],
        )
        text = ngettext("%d task is enqueued again.", "%d tasks are enqueued again.", count) % count
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)


class ReadOnlyAdmin(admin.ModelAdmin):
    """A read-only admin."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    list_display = ["task_path", "schedule", "next_run_at", "last_run_at"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["worker", "seen_at"]
