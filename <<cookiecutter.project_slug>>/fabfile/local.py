"""The site without Docker: Python in .venv, SQLite, a background process."""

import fcntl
import os
import shutil
import signal
import time
from contextlib import suppress
from subprocess import DEVNULL, STDOUT, Popen

from invoke.context import Context

from fabfile import docker, env
from fabfile.run import VENV, has_node, has_packages, host_environment

STATE = env.PROJECT / ".run"
LOG = STATE / "site.log"
PID = STATE / "site.pid"


def install(c: Context) -> None:
    """Install the locked Python and npm packages, build the assets and migrate."""
    install_python(c)
    environment = host_environment()
    c.run("npm ci --include=dev --no-audit --no-fund", env=environment)
    c.run("npm run build", env=environment)
    c.run("python manage.py migrate", env=environment)


def install_python(c: Context) -> None:
    """Install locked packages missing from `.venv`, and Node if this machine's is too old."""
    lock = (env.PROJECT / "poetry.lock").read_bytes()
    stamp, python = VENV / "poetry.lock", str(VENV / "bin" / "python")
    if not has_packages() or docker.capture(python, "-c", "import django") is None:
        # Poetry would keep scripts that refer to another folder or Python version.
        VENV.unlink() if VENV.is_symlink() else shutil.rmtree(VENV, ignore_errors=True)
    elif stamp.exists() and stamp.read_bytes() == lock:
        return
    poetry(c, f"sync{'' if has_node() else ' --with node'}")
    stamp.write_bytes(lock)


def poetry(c: Context, arguments: str) -> None:
    """Run Poetry with `.venv`, even if another environment is active."""
    environment = {"VIRTUAL_ENV": "", "CONDA_PREFIX": "", "POETRY_VIRTUALENVS_CREATE": "true"}
    c.run(f"python3 fabfile/poetry.py {arguments} --no-interaction", env=environment)


def start(c: Context) -> None:
    """Start the site in the background; its output goes to the log."""
    if find_pid():
        return
    env.refuse_taken_ports(*port_names())
    if VENV.is_symlink() or VENV.exists():
        install_python(c)
    variables = {**env.read(), **host_environment()}
    STATE.mkdir(exist_ok=True)
    with LOG.open("wb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        process = Popen(
            ["sh", "bash/run-dev.sh"],
            env=variables,
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            start_new_session=True,
        )
    PID.write_text(str(process.pid))


def stop() -> None:
    """Stop the site's process and its children, and wait until its ports are free."""
    pid = find_pid()
    if not pid:
        print("The site is not running.")
        return
    ports = [env.port(name) for name in port_names()]
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    for _ in range(100):
        if not find_pid() and not any(map(env.is_port_taken, ports)):
            break
        time.sleep(0.1)
    else:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    PID.unlink(missing_ok=True)
    print("The site is stopped.")


def port_names() -> tuple[str, ...]:
    """Return the names of the variables that contain the site's ports."""
    return ("WEB_PORT", "DEBUG_PORT") if env.is_on("DEBUGPY") else ("WEB_PORT",)


def find_pid() -> int:
    """Return the PID of the site's process, or 0 if it is not running.

    All processes of the site lock its log, so a reused PID is not mistaken for one of them.
    """
    try:
        with LOG.open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(PID.read_text())
    except FileNotFoundError:
        pass
    return 0
