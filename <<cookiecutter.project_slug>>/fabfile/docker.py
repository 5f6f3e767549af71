"""Docker and Compose on this machine."""

import json
import os
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
COMPOSE_2 = "https://docs.docker.com/compose/install/"


def capture(*words: str) -> str | None:
    """Return a short command's output, or None if it is missing, fails or takes longer than 10 s."""
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=10)
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
    for words in (("docker", "compose"), ("docker-compose",)):
        version = capture(*words, "version", "--short")
        if version and not version.lstrip("v").startswith("1."):
            return words
    return ()


@cache
def compose() -> str:
    """Return the command of Compose; raise Exit if it cannot be used."""
    if find_problem():
        hint = "\nOr run without Docker: set RUN_IN=host in .env and type: fab setup"
        raise Exit(f"{find_problem()}{'' if INSIDE else hint}")
    refuse_other_checkout(os.environ.get("COMPOSE_PROJECT_NAME", ""))
    return " ".join(find_compose())


def refuse_other_checkout(name: str) -> None:
    """Raise Exit if the containers and volumes of this name belong to another existing folder."""
    values = env_file.read(PROJECT / ".env")
    is_in_file = values.get("COMPOSE_PROJECT_NAME") == name
    projects = json.loads(capture(*find_compose(), "ls", "--all", "--format", "json") or "[]")
    files = [each["ConfigFiles"].split(",")[0] for each in projects if each["Name"] == name]
    folders = [Path(file).parent for file in files]
    for folder in [*folders, find_original_folder(values)] if is_in_file else folders:
        if folder.exists() and not folder.samefile(PROJECT):
            hint = "remove that line from .env" if is_in_file else "unset it in your shell"
            conflict = f"The containers and data of COMPOSE_PROJECT_NAME={name} belong to {folder}"
            raise Exit(f"{conflict}: {hint}, and this folder gets its own.")


def find_original_folder(values: dict[str, str]) -> Path:
    """Return the folder that `.env` was written for if it still has that file, else this folder."""
    folder, name = Path(values.get("CHECKOUT_FOLDER") or PROJECT), "COMPOSE_PROJECT_NAME"
    with suppress(OSError, ValueError):
        if env_file.read(folder / ".env").get(name) == values.get(name):
            return folder
    return PROJECT


def capture_compose(*words: str) -> str:
    """Return the output of a short Compose command, or "" if it fails."""
    compose()
    return capture(*find_compose(), *words) or ""


@cache
def is_rootless() -> bool:
    """Return whether the engine runs as the caller, whose files then belong to root inside a container."""
    return "name=rootless" in (capture("docker", "info", "--format", "{{.SecurityOptions}}") or "")
