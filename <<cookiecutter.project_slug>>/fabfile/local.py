"""The site on this machine itself, without Docker: Python in .venv, SQLite, a process in the background."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress

from invoke.context import Context
from invoke.exceptions import Exit, UnexpectedExit

from fabfile import env
from fabfile.run import VENV, host_environment, is_node_new_enough, node_folders

STATE = env.PROJECT / ".run"
LOG = STATE / "site.log"
PID = STATE / "site.pid"


def install(c: Context) -> None:
    """Install the locked Python and npm packages, build the assets and migrate.

    Brings a Node of its own into .venv where this machine has none that is new enough.
    Raises Exit in one line if there is no Python that the site can use, or no network.
    """
    install_python(c)
    environment = host_environment()
    try:
        c.run("npm ci --no-audit --no-fund", env=environment)
        c.run("npm run build", env=environment)
    except UnexpectedExit as error:
        raise Exit(
            "The npm packages could not be installed or built: the lines above say why."
        ) from error
    c.run("python manage.py migrate", env=environment)


def install_python(c: Context) -> None:
    """Install the locked Python packages, unless they are installed already."""
    lock = (env.PROJECT / "poetry.lock").read_bytes()
    stamp = VENV / "poetry.lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    has_node = node_folders() or is_node_new_enough(shutil.which("node"))
    command = "python3 fabfile/poetry.py sync --no-interaction"
    try:
        c.run(command if has_node else f"{command} --with node", env=without_venv())
    except UnexpectedExit as error:
        raise Exit(
            "The Python packages could not be installed: the lines above say why."
            " It takes Python 3.12 or newer, and a network the first time."
        ) from error
    stamp.write_bytes(lock)


def has(command: str) -> bool:
    """Whether a Python package that brings this command is installed."""
    return (VENV / "bin" / command).exists()


def install_group(c: Context, group: str) -> None:
    """Install a group of Python packages that is left out otherwise; raise Exit if that fails."""
    command = f"python3 fabfile/poetry.py install --no-interaction --with {group}"
    if not c.run(command, env=without_venv(), warn=True):
        raise Exit(f"The group {group} could not be installed: the lines above say why.")


def without_venv() -> dict[str, str]:
    """Return variables under which Poetry uses .venv, and not one that happens to be active."""
    return {"VIRTUAL_ENV": "", "CONDA_PREFIX": ""}


def start(c: Context) -> None:
    """Start the site in the background; what it prints goes to the log."""
    if process():
        return
    settings = env.read()
    for name in port_names(settings):
        env.refuse_taken_port(name, int(settings[name]))
    if VENV.exists():
        install_python(c)
    environment = {**settings, **host_environment()}
    STATE.mkdir(exist_ok=True)
    with LOG.open("wb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        started = subprocess.Popen(
            ["sh", "bash/run-dev.sh"],
            cwd=env.PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    PID.write_text(str(started.pid))


def stop() -> None:
    """Stop the site's process and all that it started; quiet if there is none.

    Waits until nothing of it listens any more, so that it can be started at once.
    """
    pid = process()
    if not pid:
        print("The site does not run.")
        return
    settings = env.read()
    ports = [int(settings[name]) for name in port_names(settings) if settings.get(name)]
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    for _ in range(100):
        if not process() and not any(map(env.is_taken, ports)):
            break
        time.sleep(0.1)
    else:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    PID.unlink(missing_ok=True)
    print("The site is stopped.")


def port_names(settings: dict[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that hold the site's ports."""
    return ("WEB_PORT", "DEBUG_PORT") if settings.get("DEBUGPY") else ("WEB_PORT",)


def process() -> int:
    """Return the PID of the site's process, or 0 if it does not run.

    All that the site has started holds the lock on its log, so no other program's PID is taken for it.
    """
    try:
        with LOG.open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(PID.read_text())
    except FileNotFoundError:
        return 0
    return 0


def log() -> str:
    """Return the site's log; raise Exit if it has never been started."""
    try:
        return LOG.read_text(errors="replace")
    except OSError:
        raise Exit("The site has not been started yet: type: fab start") from None
