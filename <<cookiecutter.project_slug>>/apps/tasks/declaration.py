"""Options of a task in addition to those of Django's `@task`.

https://docs.djangoproject.com/en/6.1/topics/tasks/
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cronsim import CronSim, CronSimError
from django.tasks import base
from django.tasks.exceptions import InvalidTask
from django.utils import timezone

MAX_ATTEMPTS = 5
RETRY_SECONDS = 10
TIME_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(base.Task):
    """Django's task with the options of `task` below."""

    max_attempts: int = MAX_ATTEMPTS
    retry_seconds: float = RETRY_SECONDS
    time_limit: float = TIME_LIMIT
    schedule: str | timedelta | None = None

    def __post_init__(self) -> None:
        """Raise InvalidTask if an option is invalid."""
        base.Task.__post_init__(self)
        if self.max_attempts < 1 or self.retry_seconds < 0 or self.time_limit <= 0:
            raise InvalidTask("A task takes one attempt or more, and a time limit above 0.")
        if self.schedule is not None:
            self.next_run(timezone.now())

    def retry_delay(self, attempts: int) -> timedelta:
        """Return how long to wait after this number of failed attempts."""
        return timedelta(seconds=min(self.retry_seconds * 4.0 ** min(attempts - 1, 9), 3600))

    def next_run(self, after: datetime) -> datetime:
        """Return when the schedule is due next; raise InvalidTask if it is invalid."""
        if isinstance(self.schedule, timedelta) and self.schedule > timedelta():
            return after + self.schedule
        try:
            times = CronSim(str(self.schedule), timezone.localtime(after))
            # Compared in UTC: when the clocks go back, an hour of local time is repeated.
            return next(time for time in (each.astimezone(UTC) for each in times) if time > after)
        except (CronSimError, StopIteration) as error:
            raise InvalidTask(f"{self.schedule!r} is no cron expression: {error}") from error


def task[**P, R](
    *,
    max_attempts: int = MAX_ATTEMPTS,
    retry_seconds: float = RETRY_SECONDS,
    time_limit: float = TIME_LIMIT,
    schedule: str | timedelta | None = None,
    **options: Any,
) -> Callable[[Callable[P, R]], "base.Task[P, R]"]:
    """Turn a function into a task; `options` are those of Django's decorator.

    A failed attempt is repeated after `retry_seconds`, then after four times as long, and
    so on up to an hour, until `max_attempts`. One that takes longer than `time_limit` seconds is interrupted
    and fails. `schedule` is a cron expression in the site's time zone, or an interval.
    Raises InvalidTask if an option is invalid.
    """
    # Django's types do not include a backend's own options.
    decorator: Any = base.task
    result: Callable[[Callable[P, R]], base.Task[P, R]] = decorator(
        max_attempts=max_attempts,
        retry_seconds=retry_seconds,
        time_limit=time_limit,
        schedule=schedule,
        **options,
    )
    return result
