"""Tasks that keep the database small."""

from django.core.management import call_command

from apps.tasks.declaration import task


@task(schedule="17 3 * * *")
def delete_expired_sessions() -> None:
    """Delete the sessions that have ended.

    https://docs.djangoproject.com/en/6.1/topics/http/sessions/#clearing-the-session-store
    """
    call_command("clearsessions")


@task(schedule="27 3 * * *")
def delete_old_results() -> None:
    """Delete tasks that ended well two weeks ago, and failed ones after three months."""
    call_command("prune_db_task_results", min_age_days=14, failed_min_age_days=90, queue_name="*")
