"""Tasks that prepare, start and stop the site for development."""

import hashlib
import os
import shlex
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker, env, local, poetry
from fabfile.run import in_docker, is_up, run

# The first start installs Node and the npm packages.
START_SECONDS = 300
NO_STYLESHEET = "responds, but its stylesheet is not built"


@task
def setup(c: Context) -> None:
    """Write .env; without Docker, also install the packages."""
    if in_docker():
        docker.compose()
    else:
        local.install(c)
    print(f"Ready. Now type: {'fab build && ' if in_docker() else ''}fab start")


@task
def build(c: Context) -> None:
    """Build the development image; without Docker, run setup."""
    if not in_docker():
        local.install(c)
        return
    command = f"{docker.compose()} build"
    terminal = sys.stdout.isatty()
    if c.run(command, pty=terminal, warn=True):
        return
    mirror = "" if env.read().get(poetry.MIRROR) else poetry.find_index_without_json()
    if not mirror:
        raise Exit("The image could not be built: the lines above say why.")
    c.run(command, pty=terminal, env={poetry.MIRROR: mirror})
    poetry.save_mirror(mirror)


@task
def start(c: Context) -> None:
    """Start the site, wait until it is ready and print its URL."""
    settings = env.read()
    if in_docker():
        start_containers(c)
    else:
        local.start(c)
    if not env.is_on("AUTO_START_SERVER", "true"):
        print("The server is not started (AUTO_START_SERVER in .env). For a shell, type: fab sh")
        return
    if env.is_on("DEBUGPY"):
        print(f"Attach an editor to localhost:{settings['DEBUG_PORT']}. To stop: fab restart")
    if settings.get("DEBUGPY") == "wait":
        print(f"The site at {url()} starts after that.")
        return
    wait_until_ready()
    print(f"The site is at {url()}")
    if in_docker():
        print(f"Its mail is at http://localhost:{settings['MAIL_PORT']}")


@task
def stop(c: Context) -> None:
    """Stop the site; keep its data."""
    if in_docker():
        c.run(f"{docker.compose()} {docker.ALL} stop", pty=sys.stdout.isatty())
        # Services that are no longer in docker-compose.yml.
        if leftover := docker.capture_compose("ps", "--quiet").split():
            c.run(f"docker stop {' '.join(leftover)}", hide=True)
    else:
        local.stop()


@task
def restart(c: Context) -> None:
    """Stop the site and start it again."""
    stop(c)
    start(c)


@task(help={"wait": "Start the site only after an editor has attached"})
def debug(c: Context, wait: bool = False) -> None:
    """Start the site under debugpy, for an editor to attach to."""
    os.environ["DEBUGPY"] = "wait" if wait else "true"
    # Compose replaces the container by itself, since its settings have changed.
    if not in_docker() and local.find_pid():
        local.stop()
    start(c)


@task
def status(c: Context) -> None:
    """Show what is running, and whether the site responds."""
    if in_docker():
        c.run(f"{docker.compose()} {docker.ALL} ps --all")
    elif pid := local.find_pid():
        print(f"The site runs as process {pid}.")
    print(f"{url()} {find_problem() or 'responds: all is well'}.")


@task(help={"service": "web, db, mail, cache<< ', worker' if cookiecutter.tasks == 'database' else '' >>", "follow": "Keep printing new lines"})
def logs(c: Context, service: str = "", follow: bool = True) -> None:
    """Show the site's log; stop with Ctrl-C."""
    if in_docker():
        options = f"--tail 200 {'--follow' if follow else ''} {service and shlex.quote(service)}"
        command = f"{docker.compose()} {docker.ALL} logs {options}"
    else:
        if not local.LOG.exists():
            raise Exit("The site has not been started yet. Type: fab start")
        command = f"tail -n 200 {'-f' if follow else ''} {shlex.quote(str(local.LOG))}"
    c.run(command, pty=sys.stdout.isatty())


@task
def sh(c: Context) -> None:
    """Open a shell where the site runs."""
    run(c, "bash" if in_docker() else os.environ.get("SHELL", "sh"))


def url() -> str:
    """Return the site's URL on this machine."""
    return f"http://localhost:{env.port('WEB_PORT')}"


def compose_environment() -> dict[str, str]:
    """Return the variables that docker-compose.yml gets from Fabric instead of `.env`."""
    files = (env.PROJECT / name for name in ("poetry.lock", "package-lock.json", ".env"))
    digests = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return {"FILES_HASH": hashlib.sha256(digests).hexdigest()[:12]}


def start_containers(c: Context) -> None:
    """Start the services of docker-compose.yml.

    Raises Exit if a port is in use or a service does not start, in that case with its log.
    """
    compose, terminal = docker.compose(), sys.stdout.isatty()
    if not is_up():
        containers = docker.capture_compose("ps", "--format", "json")
        names = ("WEB_PORT", "MAIL_PORT", "DEBUG_PORT")
        unpublished = [n for n in names if f'"PublishedPort":{env.port(n)}' not in containers]
        env.refuse_taken_ports(*unpublished)
    variables = compose_environment()
    up: Any = c.run(f"{compose} up --detach", env=variables, pty=terminal, warn=True)
    if not up:
        raise Exit(docker.explain_failure(up.stdout + up.stderr))


def wait_until_ready() -> None:
    """Wait until the site is ready, printing its log.

    Raises Exit, with the end of the log, if it does not start or takes longer than START_SECONDS.
    """
    begin, printed = time.monotonic(), ""
    while problem := find_problem():
        seconds = time.monotonic() - begin
        log = read_last_lines(25, since=seconds)
        # bash/run-dev.sh prints that a program ended, and keeps restarting it.
        program = "The asset watcher" if problem == NO_STYLESHEET else "The server"
        is_running = is_up() if in_docker() else local.find_pid()
        if f"{program} ended" in log or not is_running or seconds > START_SECONDS:
            raise Exit(f"{log}\n{url()} {problem}: the lines above say why. See: fab logs")
        line = log.strip().rpartition("\n")[2].strip()
        if line and line != printed:
            printed = line
            print(f"  {seconds:4.0f} s  {line[:110]}", flush=True)
        time.sleep(0.5)


def find_problem() -> str:
    """Return why the site is not ready, or "" if it responds and has its stylesheet."""
    try:
        build_opener(ProxyHandler({})).open(f"{url()}/readyz", timeout=5).close()
    except HTTPError as error:
        return f"responds with {error.code}: {error.read(200).decode(errors='replace')}"
    except OSError:
        return "does not respond"
    return "" if (env.PROJECT / "static/dist/css/main.css").exists() else NO_STYLESHEET


def read_last_lines(count: int, since: float) -> str:
    """Return the last `count` lines of the site's log; in a container, from the last `since` seconds."""
    if not in_docker():
        return "\n".join(local.LOG.read_text(errors="replace").splitlines()[-count:])
    options = ["--no-log-prefix", "--tail", str(count), "--since", f"{int(since) + 1}s"]
    return docker.capture_compose("logs", *options, "web")
