"""The log on AWS, with a stream for each container: KIND/site/TASK."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from fabfile.aws.account import Account, get_error_code

PAUSE = 2
# Lines can arrive out of order and some seconds late.
LATE_MS = 15_000


def stream_name(kind: str, task: str) -> str:
    """Return the name of a task's stream."""
    return f"{kind}/site/{task.rpartition('/')[2]}"


class Stream:
    """Prints the lines of a stream, or of all streams with a prefix, each line once."""

    def __init__(
        self, aws: Account, name: str = "", *, prefix: str = "", since_ms: int = 0
    ) -> None:
        """Begin with the lines since a time, in milliseconds."""
        self.aws, self.since, self.seen = aws, since_ms, set[str]()
        self.with_names = not name
        self.filters: dict[str, Any] = {"logStreamNames": [name]} if name else {}
        if prefix:
            self.filters = {"logStreamNamePrefix": prefix}

    def show(self) -> int:
        """Print new lines and return their number."""
        new = [line for line in self.read_lines() if line["eventId"] not in self.seen]
        for line in new:
            self.seen.add(line["eventId"])
            self.since = max(self.since, line["timestamp"] - LATE_MS)
            print(format_line(line, with_name=self.with_names), flush=True)
        return len(new)

    def show_rest(self) -> None:
        """Print the last lines, which arrive some seconds after a container ends."""
        quiet = 0
        while quiet < 2:
            quiet = 0 if self.show() else quiet + 1
            time.sleep(1)

    def read_lines(self) -> list[dict[str, Any]]:
        """Return the lines since the last call, or none if the container has not written any."""
        pages = self.aws.logs.get_paginator("filter_log_events")
        try:
            events: list[dict[str, Any]] = []
            for page in pages.paginate(
                logGroupName=self.aws.log, startTime=self.since, **self.filters
            ):
                events += page["events"]
        except Exception as error:
            if get_error_code(error) == "ResourceNotFoundException":
                return []
            raise
        return events


def format_line(line: dict[str, Any], *, with_name: bool = False) -> str:
    """Format a line of the log for reading: its time and text, or the level and message in its JSON."""
    text = line["message"].rstrip("\n")
    moment = datetime.fromtimestamp(line["timestamp"] / 1000, UTC).strftime("%H:%M:%S")
    try:
        record = json.loads(text)
        text = f"{record['level']:<7} {record['message']}"
        if trace := record.get("exc_info"):
            text = f"{text}\n{trace}"
    except (ValueError, TypeError, KeyError):
        pass
    if with_name:
        kind, _, task = line["logStreamName"].partition("/")
        moment = f"{moment} {kind}/{task.rpartition('/')[2][:6]}"
    return f"  {moment}  {text}"


def read_last_lines(aws: Account, name: str, count: int = 20) -> list[str]:
    """Return the last lines of a stream, formatted for reading."""
    return [format_line(line) for line in Stream(aws, name).read_lines()[-count:]]
