from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """The last heartbeat of a running worker; tasks of a worker without one are enqueued again."""

    worker = models.CharField(_("worker"), max_length=64, primary_key=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["worker"]

    def __str__(self) -> str:
        return self.worker


class Schedule(models.Model):
    """When a task is to be enqueued next; the code declares the schedule, see schedules.py."""

    task_path = models.CharField(_("task"), max_length=200, primary_key=True)
    schedule = models.CharField(_("schedule"), max_length=100)
    next_run_at = models.DateTimeField(_("next run"))
    last_run_at = models.DateTimeField(_("last run"), null=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["task_path"]

    def __str__(self) -> str:
        return self.task_path
