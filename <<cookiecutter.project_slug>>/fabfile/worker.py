"""The task that runs background tasks in development: docs/tasks.md."""

import sys
from typing import Any

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker, env
from fabfile.development import compose_environment
from fabfile.run import in_docker, run


@task
def worker(c: Context) -> None:
    """Run background tasks until Ctrl-C (TASKS=database in .env)."""
    if env.read().get("TASKS", "").lower() != "database":
        raise Exit(
            "No worker is needed: the web process runs the tasks."
            " To use one, set TASKS=database in .env and type: fab restart"
        )
    try:
        if in_docker():
            command = f"{docker.compose()} up worker"
            variables, terminal = compose_environment(), sys.stdout.isatty()
            up: Any = c.run(command, env=variables, pty=terminal, warn=True)
            if not up:
                raise Exit(docker.explain_failure(up.stdout + up.stderr))
        else:
            run(c, "sh bash/worker-dev.sh")
    except KeyboardInterrupt:
        print()
