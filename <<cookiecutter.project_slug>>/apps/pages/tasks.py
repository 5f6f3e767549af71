from django.core.management import call_command

from apps.tasks.declaration import task


@task(schedule="*/5 * * * *", max_attempts=1)
def publish_scheduled() -> None:
    """Publish scheduled pages, and unpublish expired ones.

    https://docs.wagtail.org/en/stable/reference/management_commands.html#publish-scheduled
    """
    call_command("publish_scheduled")
