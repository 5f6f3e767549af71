"""Tasks that inspect the site on the server, and run commands in it."""

import shlex
import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.host import release
from fabfile.host.server import Server, connect

# The commands behind the lines of `host.status`.
COMMANDS = {
    "containers": "docker compose ps --format '{{.Service}} {{.Status}}'",
    "disk": 'df -h --output=pcent,avail / | tail -n 1 | awk \'{print $1 " used, " $2 " free"}\'',
    "memory": "awk '/^MemAvail/ {print int($2 / 1024) \" MB free\"}' /proc/meminfo",
    "backup": "ls -1t backups/*.dump 2>/dev/null | head -n 1",
    "restart": "test -f /run/reboot-required && echo 'needed for a security update'",
}


@task
def status(c: Context) -> None:
    """Show the release, its health, and the server's state."""
    server = connect(c)
    deployed = release.read_history(server)
    now = deployed[-1] if deployed else "none"
    before = [each for each in deployed if each != now]
    hosts = read_hosts(server)
    rows = [
        ("site", ", ".join(f"https://{host}" for host in hosts)),
        ("release", now),
        ("before", before[-1] if before else "none"),
        *((name, capture_line(server, command)) for name, command in COMMANDS.items()),
        ("health", find_problem(hosts[0]) or "all is well"),
    ]
    for name, value in rows:
        print(f"{name:<12} {value}")


@task(help={"service": "web, << 'worker, ' if cookiecutter.tasks == 'database' else '' >>db or caddy", "follow": "Keep printing new lines"})
def logs(c: Context, service: str = "web", follow: bool = True) -> None:
    """Show the site's log and follow it; stop with Ctrl-C."""
    server = connect(c)
    name = f"web-{release.find_slot(server) or 'a'}" if service == "web" else shlex.quote(service)
    options = "--follow" if follow else ""
    command = f"docker compose logs --no-log-prefix --tail 200 {options} {name}"
    try:
        server.run(command, warn=True, pty=follow and sys.stdin.isatty())
    except KeyboardInterrupt:
        print()


@task(help={"line": 'The command and its arguments, in quotes: "createsuperuser"'})
def manage(c: Context, line: str) -> None:
    """Run a Django command: fab host.manage "check".

    It runs in a separate container, with your terminal, and the task has its exit code.
    """
    server = connect(c)
    slot = release.find_slot(server)
    if not slot:
        raise Exit(f"Nothing has been deployed yet. Type: fab -H {server.name} host.deploy")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    command = shlex.join(["python", "manage.py", *shlex.split(line)])
    options = "" if terminal else "-T"
    result = server.run(
        f"docker compose run --rm --no-deps {options} web-{slot} {command}", warn=True, pty=terminal
    )
    if not result:
        raise Exit(f"The command failed with exit code {result.exited}.", code=result.exited)


# --- Steps --------------------------------------------------------------------------------


def read_hosts(server: Server) -> list[str]:
    """Return the site's host names."""
    lines = dict(line.partition("=")[::2] for line in server.read(".env").splitlines())
    return [name.strip() for name in lines.get("SITE_HOSTS", "").split(",")]


def capture_line(server: Server, command: str) -> str:
    """Return a command's output on one line."""
    output = str(server.run(command, warn=True, hide=True).stdout).strip()
    return ", ".join(output.splitlines()) or "none"


def find_problem(host: str) -> str:
    """Return why the site cannot be reached from this machine, or ""."""
    try:
        with urlopen(f"https://{host}/", timeout=10):
            return ""
    except HTTPError as error:
        return f"responds with {error.code}"
    except (OSError, HTTPException) as error:
        return f"https://{host} cannot be reached from here: {error}"
