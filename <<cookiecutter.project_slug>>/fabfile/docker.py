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
# Includes services of profiles that are no longer in .env.
ALL = '--profile "*"'

# Whether this runs in the container, as in a dev container's terminal: the Dockerfile sets it.
INSIDE = os.environ.get("VIRTUAL_ENV") == "/opt/venv"
COMPOSE_2 = "https://docs.docker.com/compose/install/"


def capture(*words: str) -> str | None:
    """Return what a short command prints, or None if it is missing, fails or hangs for 10 s."""
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


@cache
def engine_problem() -> str:
    """Return why images cannot be built here, in one line, or ""."""
    if INSIDE:
        return "You are in the container: run this in a terminal on your own machine."
    if not shutil.which("docker"):
        return "Docker is not installed: https://docs.docker.com/get-started/get-docker/"
    if capture("docker", "info", "--format", "{{.ServerVersion}}") is None:
        return "Docker's engine does not respond: start it, or see the output of `docker info`."
    return ""


@cache
def problem() -> str:
    """Return why Docker with Compose cannot be used here, in one line, or ""."""
    if engine_problem():
        return engine_problem()
    if not compose_words():
        return f"Docker Compose 2 is not installed: {COMPOSE_2}"
    return ""


@cache
def compose_words() -> tuple[str, ...]:
    """Return the words that start Compose 2, or none."""
    for words in (("docker", "compose"), ("docker-compose",)):
        version = capture(*words, "version", "--short")
        if version and not version.lstrip("v").startswith("1."):
            return words
    return ()


@cache
def compose() -> str:
    """Return the command that starts Compose; raise Exit with one line if it cannot be used."""
    if problem():
        way_out = "\nOr run without Docker: set RUN_IN=host in .env and type: fab setup"
        raise Exit(f"{problem()}{'' if INSIDE else way_out}")
    refuse_other_checkout(os.environ.get("COMPOSE_PROJECT_NAME", ""))
    return " ".join(compose_words())


def refuse_other_checkout(name: str) -> None:
    """Raise Exit if the containers and volumes of this name belong to another folder that is still there."""
    values = env_file.read(PROJECT / ".env")
    written = values.get("COMPOSE_PROJECT_NAME") == name
    listed = json.loads(capture(*compose_words(), "ls", "--all", "--format", "json") or "[]")
    files = [each["ConfigFiles"].split(",")[0] for each in listed if each["Name"] == name]
    folders = [Path(file).parent for file in files]
    for folder in [*folders, original_folder(values)] if written else folders:
        if folder.exists() and not folder.samefile(PROJECT):
            way_out = "remove that line from .env" if written else "unset it in your shell"
            whose = f"The containers and data of COMPOSE_PROJECT_NAME={name} belong to {folder}"
            raise Exit(f"{whose}: {way_out}, and this folder gets its own.")


def original_folder(values: dict[str, str]) -> Path:
    """Return the folder for which a `.env` was written, if that still has a copy of it; else this one."""
    folder, name = Path(values.get("CHECKOUT_FOLDER") or PROJECT), "COMPOSE_PROJECT_NAME"
    with suppress(OSError, ValueError):
        if env_file.read(folder / ".env").get(name) == values.get(name):
            return folder
    return PROJECT


def ask_compose(*words: str) -> str:
    """Return what a short command of Compose prints, or "" if it fails."""
    compose()
    return capture(*compose_words(), *words) or ""


@cache
def is_rootless() -> bool:
    """Whether the engine runs as the caller, whose files then belong to root inside a container."""
    return "name=rootless" in (capture("docker", "info", "--format", "{{.SecurityOptions}}") or "")
