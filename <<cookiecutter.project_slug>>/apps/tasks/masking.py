"""What a task is to do may name people, so none is copied by `fab pull`: docs/masking.md."""

from django_tasks_db.models import DBTaskResult

from apps.core.masking import leave_out
from apps.tasks.models import Heartbeat, Schedule

leave_out(DBTaskResult, Heartbeat, Schedule)
