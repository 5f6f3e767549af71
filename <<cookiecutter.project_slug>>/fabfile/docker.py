"""Docker and Compose on this machine."""

import os
import re
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

from invoke.exceptions import Exit

from config import env_file

PROJECT = Path(__file__).resolve().parent.parent
# Includes the services of profiles that are no longer in .env.
ALL = '--profile "*"'

# Whether this runs in the container, as in a dev container's terminal: the Dockerfile sets it.
INSIDE = os.environ.get("VIRTUAL_ENV") == "/opt/venv"
HELP = "See docs/troubleshooting.md"
UNSET = "unset it in your shell"
COMPOSE_2 = "https://docs.docker.com/compose/install/"


def capture(*command: str) -> str | None:
    """Return a short command's output, or None if it is missing, fails or takes longer than 10 s."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


@cache
def find_engine_problem() -> str:
    """Return why images cannot be built here, in one line, or ""."""
    if INSIDE:
        return "You are in the container: run this in a terminal on your own machine."
    if not shutil.which("docker"):
        return "Docker is not installed: https://docs.docker.com/get-started/get-docker/"
    if capture("docker", "info", "--format", "{{.ServerVersion}}") is None:
        return "Docker's engine does not respond: start it, or see the output of `docker info`."
    return ""


@cache
def find_problem() -> str:
    """Return why Docker with Compose cannot be used here, in one line, or ""."""
    if find_engine_problem():
        return find_engine_problem()
    if not find_compose():
        return f"Docker Compose 2 is not installed: {COMPOSE_2}"
    return ""


@cache
def find_compose() -> tuple[str, ...]:
    """Return the command of Compose 2 as a tuple, empty if it is not installed."""
    for command in (("docker", "compose"), ("docker-compose",)):
        version = capture(*command, "version", "--short")
        if version and not version.lstrip("v").startswith("1."):
            return command
    return ()


@cache
def compose() -> str:
    """Return the command of Compose; raise Exit if it cannot be used."""
    if find_problem():
        hint = "\nOr run without Docker: set RUN_IN=host in .env and type: fab setup"
        raise Exit(f"{find_problem()}{'' if INSIDE else hint}")
    refuse_other_checkout(os.environ.get("COMPOSE_PROJECT_NAME", ""))
    # Docker would create the folder for the container's Node as root.
    if (folder := os.environ.get("NVM_HOST_DIR", "")).startswith(("~", "/", ".")):
        Path(folder).expanduser().mkdir(parents=True, exist_ok=True)
    return " ".join(find_compose())


def refuse_other_checkout(name: str) -> None:
    """Raise Exit if the containers or volumes of this name belong to another existing folder."""
    is_in_file, label = has_name(PROJECT, name), "com.docker.compose.project"
    selected = f"--filter=label={label}={name}"
    listed = ("docker", "ps", "--all", selected, f'--format={{{{.Label "{label}.working_dir"}}}}')
    if (output := capture(*listed)) is None:
        raise Exit("Docker's engine does not respond: see the output of `docker ps`.")
    owners = [line for line in output.splitlines() if Path(line).exists()]
    if is_in_file:
        original = env_file.read(PROJECT / ".env").get("CHECKOUT_FOLDER", "")
        owners = [each for each in [*owners, PROJECT / original] if has_name(Path(each), name)]
    elif not owners and capture("docker", "volume", "ls", "--quiet", selected):
        raise Exit(f"COMPOSE_PROJECT_NAME={name} has another checkout's data: {UNSET}. {HELP}")
    for folder in owners:
        if not PROJECT.samefile(folder):
            hint = "remove that line from .env" if is_in_file else UNSET
            conflict = f"The containers and data of COMPOSE_PROJECT_NAME={name} belong to {folder}"
            raise Exit(f"{conflict}: {hint}, and this folder gets its own. {HELP}")


def has_name(folder: Path, name: str | None) -> bool:
    """Whether the `.env` in a folder gives its containers this name."""
    with suppress(OSError, ValueError):
        return env_file.read(folder / ".env").get("COMPOSE_PROJECT_NAME") == name
    return False


def explain_failure(output: str) -> str:
    """Return the log of the container that Compose's output calls failed, and where to read more."""
    # Compose prints: dependency failed to start: container my-site-db-1 exited (1)
    failed = re.search(r"container (\S+) (exited|is unhealthy)", output)
    log = failed and capture("sh", "-c", f"docker logs --tail 25 {failed[1]} 2>&1")
    reason = f"{log}\n{failed[1]} {failed[2]}" if failed else "Compose failed"
    return f"{reason}: the lines above say why. {HELP}"


def capture_compose(*arguments: str) -> str:
    """Return the output of a short Compose command, or "" if it fails."""
    compose()
    return capture(*find_compose(), *arguments) or ""


@cache
def is_rootless() -> bool:
    """Return whether the engine runs as the caller, whose files then belong to root inside a container."""
    return "name=rootless" in (capture("docker", "info", "--format", "{{.SecurityOptions}}") or "")
