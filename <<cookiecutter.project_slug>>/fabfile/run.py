"""Helpers that run commands in the container `web` or on this machine."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit, UnexpectedExit

from fabfile import docker, env

VENV = env.PROJECT / ".venv"


def in_docker() -> bool:
    """Return whether tasks run in the container; raise Exit if RUN_IN is neither docker nor host."""
    run_in = env.read()["RUN_IN"]
    if run_in not in {"docker", "host"}:
        raise Exit(f"RUN_IN is {run_in!r}: set it to docker or host, in .env or the shell.")
    return run_in == "docker"


def run(c: Context, command: str, *, warn: bool = False, with_services: bool = True) -> bool:
    """Run `command` where the site runs, with its Python, Node, settings and database.

    Returns whether the command succeeded; raises UnexpectedExit if it did not, unless `warn` is set, and
    Exit with the log of a service that does not start.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    command, environment = wrap_command(command, terminal=terminal, with_services=with_services)
    result: Any = c.run(command, pty=terminal, warn=True, env=environment)
    if not result and "dependency failed to start" in (output := result.stdout + result.stderr):
        raise Exit(docker.explain_failure(output))
    if not result and not warn:
        raise UnexpectedExit(result)
    return bool(result)


def wrap_command(
    command: str, *, terminal: bool = False, with_services: bool = True, **variables: str
) -> tuple[str, dict[str, str]]:
    """Return the line that runs `command` where the site runs, and the environment for it, with `variables`."""
    if docker.INSIDE:
        return command, variables
    if not in_docker():
        return command, {**host_environment(), **variables}
    verb = "exec" if is_up() else f"run --rm{'' if with_services else ' --no-deps'}"
    options = [] if terminal else ["--no-TTY"]
    options += [f"--env {name}={shlex.quote(value)}" for name, value in variables.items()]
    # Without their values, so that `ps` shows no password.
    options += [f"--env {name}" for name in site_variables()]
    return " ".join([docker.compose(), verb, *options, "web", command]), {}


def site_variables() -> list[str]:
    """Return the names of the site's variables that the shell or `.env` sets."""
    example = (env.PROJECT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^(?:# )?([A-Z_]+)=", example.partition("# --- The site")[2], re.MULTILINE)
    superuser = [name for name in os.environ if name.startswith("DJANGO_SUPERUSER_")]
    return [name for name in (*names, *superuser) if os.environ.get(name)]


def npm(c: Context, arguments: str) -> None:
    """Run npm where the site runs, with the locked packages; bash/node.sh finds Node."""
    install_npm_packages(c)
    run(c, f"bash bash/node.sh npm {arguments}")


def install_npm_packages(c: Context) -> None:
    """Install locked packages missing from node_modules."""
    installed = env.PROJECT / "node_modules" / ".package-lock.json"
    lock = env.PROJECT / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = "npm install --include=dev --no-audit --no-fund"
        run(c, f"bash bash/node.sh {command}", with_services=False)
        installed.touch()


def is_up() -> bool:
    """Return whether the container `web` of this checkout is running."""
    return bool(docker.capture_compose("ps", "--status", "running", "--quiet", "web"))


def host_environment() -> dict[str, str]:
    """Return the variables of commands on this machine; raise Exit if the packages are missing."""
    if not has_packages():
        raise Exit("The Python packages are not installed for this folder. Type: fab setup")
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # These could name another project's folders, where Python and `cd` would look first.
    others = {"PYTHONPATH": "", "CDPATH": ""}
    return {**others, "PATH": path, "VIRTUAL_ENV": str(VENV), "RUN_IN": "host"}


def has_packages() -> bool:
    """Return whether `.venv` has a Python and was created in this folder, as its scripts show."""
    try:
        command = (VENV / "bin" / "django-admin").read_text(encoding="utf-8")
        folder = Path(re.findall(r"/.*(?=/bin/python)", command)[0])
        return folder.samefile(VENV) and (VENV / "bin" / "python").exists()
    except (OSError, IndexError):
        return False


def has_node() -> bool:
    """Return whether this machine's Node has at least the major version in `.nvmrc`; raise Exit if that is invalid."""
    text = (env.PROJECT / ".nvmrc").read_text(encoding="utf-8").strip()
    required = re.match(r"v?(\d+)", text)
    if not required:
        raise Exit(f".nvmrc contains {text!r}: write a version of Node into it, such as 24.")
    version = re.match(r"v(\d+)", docker.capture("node", "--version") or "")
    return bool(version and int(version[1]) >= int(required[1]))
