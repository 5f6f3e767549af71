"""The site's commands: type `fab --list`, and `fab --help TASK` for one of them.

Each runs in the development container or on this machine, as RUN_IN in `.env` says.
https://docs.fabfile.org
"""

import os

from fabfile.audit import audit
from fabfile.checks import assets, check, format, lint, lock, test  # noqa: A004
from fabfile.django import createsuperuser, dbshell, manage, messages, migrate, shell, startapp
from fabfile.env import PROJECT
from fabfile.site import build, logs, restart, setup, sh, start, status, stop, worker

__all__ = [
    "assets",
    "audit",
    "build",
    "check",
    "createsuperuser",
    "dbshell",
    "format",
    "lint",
    "lock",
    "logs",
    "manage",
    "messages",
    "migrate",
    "restart",
    "setup",
    "sh",
    "shell",
    "start",
    "startapp",
    "status",
    "stop",
    "test",
    "worker",
]

# Tasks may be called in any folder of the project.
os.chdir(PROJECT)
