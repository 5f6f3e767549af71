"""The file `.env`: settings of this checkout on this machine; git ignores it."""

import os
import re
import secrets
import socket
import sys
from collections.abc import Collection
from contextlib import suppress
from functools import cache

from invoke.exceptions import Exit

from config import env_file
from fabfile import docker

PROJECT = docker.PROJECT
FILE = PROJECT / ".env"


@cache
def read() -> "os._Environ[str]":
    """Return the process's environment, completed from `.env`; write that file if needed.

    This gives all child processes the same values, including Compose, which would parse some of
    the file's lines differently. Raises Exit if the file cannot be read or written.
    """
    # Values that belong to the host cannot be determined in the container.
    if not docker.INSIDE:
        try:
            for name, value in complete().items():
                os.environ.setdefault(name, value)
        except (OSError, ValueError) as error:
            raise Exit(f".env cannot be read or written: {error}.") from None
        os.environ["COMPOSE_DISABLE_ENV_FILE"] = "1"
    return os.environ


def complete() -> dict[str, str]:
    """Write `.env` from `.env.example`, or add missing variables to it, and return all of them.

    A variable set in the process is written as it is, but no COMPOSE_PROJECT_NAME: that may be
    another checkout's. A value in the file is never changed.
    """
    exists = FILE.exists()
    source = FILE if exists else PROJECT / ".env.example"
    values, text = env_file.read(source), source.read_text(encoding="utf-8-sig")
    original = PROJECT / values.get("CHECKOUT_FOLDER", "")
    if not docker.has_name(original, values.get("COMPOSE_PROJECT_NAME")):
        values["CHECKOUT_FOLDER"] = ""  # The folder was moved.
    missing = {name: create for name, create in FACTORIES.items() if not values.get(name)}
    for name, create in missing.items():
        shell = "" if name == "COMPOSE_PROJECT_NAME" else os.environ.get(name)
        values[name] = shell or str(create())
        line = env_file.format_line(name, values[name])
        empty = rf"^[^\S\n]*(export[^\S\n]+)?{name}[^\S\n]*=.*$"
        text, found = re.subn(empty, line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
        if not found:
            text = f"{text.rstrip()}\n{line}\n"
    if missing:
        write(text)
        print(f"{'Completed' if exists else 'Wrote'} .env for this checkout.", file=sys.stderr)
    return values


def write(text: str) -> None:
    """Replace `.env` atomically, readable only by its owner; raise OSError and change nothing if that fails."""
    temporary = FILE.with_name(f".env.{os.getpid()}")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(FILE)
    finally:
        temporary.unlink(missing_ok=True)


def is_on(name: str, default: str = "false") -> bool:
    """Return whether a variable, or its default if it is empty, is anything but false, no, off or 0."""
    return (read().get(name) or default).lower() not in {"false", "no", "off", "0"}


def port(name: str) -> int:
    """Return a variable's port; raise Exit if its value is not a port."""
    value = read()[name]
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Exit(f"{name} is {value!r}: set it to a port, from 1 to 65535, in .env or the shell.")
    return int(value)


def choose_run_in() -> str:
    """Return "docker" if an engine with Compose responds, else "host"."""
    if not docker.find_problem():
        return "docker"
    print(docker.find_problem(), file=sys.stderr)
    print("The site runs without Docker instead, on SQLite (RUN_IN=host in .env).", file=sys.stderr)
    return "host"


def generate_project_name() -> str:
    """Return a name that no other checkout has, not even an earlier one in this folder."""
    folder = re.sub(r"[^a-z0-9_-]", "", PROJECT.name.lower()).lstrip("_-") or "site"
    return f"{folder}-{secrets.token_hex(3)}"


def find_free_port(first: int, excluded: Collection[int] = ()) -> int:
    """Return the first free port from `first` on that is not in `excluded`."""
    return next(n for n in range(first, first + 100) if n not in excluded and not is_port_taken(n))


def is_port_taken(port: int) -> bool:
    """Return whether a program listens on `port` of localhost, over IPv4 or IPv6."""
    for host in ("127.0.0.1", "::1"):
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
    return False


def refuse_taken_ports(*names: str) -> None:
    """Raise Exit if one of these variables names a port that is in use, or two name the same."""
    used = [port(name) for name in names]
    taken = [name for i, name in enumerate(names) if used[i] in used[:i] or is_port_taken(used[i])]
    for name in taken:
        used.append(find_free_port(port(name) + 1, used))
    if taken:
        ports = " ".join(f"Port {port(name)} is taken." for name in taken)
        free = " and ".join(map("{}={}".format, taken, used[len(names) :]))
        raise Exit(f"{ports} Stop the program, or set {free} in .env, and retry. {docker.HELP}")


# The functions that return the values which differ between machines and checkouts.
FACTORIES = {
    "RUN_IN": choose_run_in,
    "WEB_PORT": lambda: find_free_port(8000),
    "MAIL_PORT": lambda: find_free_port(8025),
    "DEBUG_PORT": lambda: find_free_port(5678),
    "COMPOSE_PROJECT_NAME": generate_project_name,
    "CHECKOUT_FOLDER": lambda: str(PROJECT),
    # The owner's IDs inside a container: 0 if the engine runs as the caller.
    "UID": lambda: 0 if docker.is_rootless() else os.getuid(),
    "GID": lambda: 0 if docker.is_rootless() else os.getgid(),
    "NVM_HOST_DIR": lambda: "~/.nvm",
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
}
