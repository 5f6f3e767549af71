"""The file `.env`: what is particular to this checkout and this machine; git ignores it."""

import hashlib
import os
import re
import secrets
import socket
import sys
from pathlib import Path

from invoke.exceptions import Exit

from fabfile import docker

PROJECT = Path(__file__).resolve().parent.parent
FILE = PROJECT / ".env"
LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def read() -> dict[str, str]:
    """Return the variables of `.env`, under those of the process; make the file if need be."""
    if docker.INSIDE:
        # What the file says of the machine is not to be found out here.
        return dict(os.environ)
    complete()
    return {**dict(LINE.findall(FILE.read_text(encoding="utf-8"))), **os.environ}


def complete() -> None:
    """Write `.env` from `.env.example`, or add what is missing in it; never change a value."""
    made = FILE.exists()
    source = FILE if made else PROJECT / ".env.example"
    text = source.read_text(encoding="utf-8")
    known = {name for name, value in LINE.findall(text) if value.strip()}
    for name, make in MAKERS.items():
        if name in known:
            continue
        line = f"{name}={make()}"
        text, found = re.subn(rf"^{name}=.*$", line, text, count=1, flags=re.MULTILINE)
        if not found:
            text = f"{text.rstrip()}\n{line}\n"
    if made and text == source.read_text(encoding="utf-8"):
        return
    unfinished = FILE.with_name(f".env.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(FILE)
    verb = "Completed" if made else "Wrote"
    print(f"{verb} .env, the settings of this checkout.", file=sys.stderr)


def where_to_run() -> str:
    """Return "docker" if an engine with Compose answers, else "host"."""
    if not docker.problem():
        return "docker"
    print(docker.problem(), file=sys.stderr)
    print("So the site runs without Docker, on SQLite (RUN_IN=host in .env).", file=sys.stderr)
    return "host"


def compose_project() -> str:
    """Return a name that no other checkout has: the folder's, and a mark of its path."""
    folder = re.sub(r"[^a-z0-9_-]", "", PROJECT.name.lower()).lstrip("_-") or "site"
    return f"{folder}-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:6]}"


def free_port(first: int) -> int:
    """Return the first port from `first` on that nothing on this machine listens at."""
    return next(port for port in range(first, first + 100) if not is_taken(port))


def is_taken(port: int) -> bool:
    """Whether something on this machine listens at `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refuse_taken_port(name: str, port: int) -> None:
    """Raise Exit in one line if another program has the port that the variable `name` holds."""
    if is_taken(port):
        raise Exit(
            f"Port {port} is taken by another program:"
            f" stop it, or set {name}={free_port(port + 1)} in .env and start again."
        )


def user_id(of_caller: int) -> int:
    """Return the id that a file's owner has inside a container: 0 if the engine runs as the caller."""
    return 0 if docker.is_rootless() else of_caller


# What `.env.example` cannot know.
MAKERS = {
    "RUN_IN": where_to_run,
    "WEB_PORT": lambda: free_port(8000),
    "MAIL_PORT": lambda: free_port(8025),
    "DEBUG_PORT": lambda: free_port(5678),
    "COMPOSE_PROJECT_NAME": compose_project,
    "UID": lambda: user_id(os.getuid()),
    "GID": lambda: user_id(os.getgid()),
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
}
