"""Tasks that deploy a release to the server, and roll it back."""

import time
from typing import Any

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import image
from fabfile.host import transfer
from fabfile.host.server import DEPLOY, Server, connect

KEPT = 5
READY_SECONDS = 90
PAUSE = 0.5
# An error on the first page may be temporary, for example while the database is busy.
TRIES = 3
SLOTS = {"": "a", "a": "b", "b": "a"}
# Runs in a container and requests /readyz and the first page. The exit code is 0 if both succeed, 1
# if the container is not ready yet, 2 if the first page fails.
CHECK = """
import os, sys
from http.client import HTTPConnection
host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
for code, path in ((1, "/readyz"), (2, "/")):
    try:
        site = HTTPConnection("127.0.0.1", 8000, timeout=10)
        site.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        response = site.getresponse()
        body = response.read(300).decode(errors="replace")
    except OSError as error:
        print(path, "does not respond:", error)
        sys.exit(code)
    if response.status >= 400:
        print(path, "responds with", response.status, " ".join(body.split()))
        sys.exit(code)
"""


@task(help={"dirty": "Deploy uncommitted changes too"})
def deploy(c: Context, dirty: bool = False) -> None:
    """Build, send, migrate and serve this commit.

    Type: fab -H deploy@HOST host.deploy. If a step fails, the old release keeps serving, and the exit code is not 0.
    """
    server = connect(c)
    release = image.find_commit(dirty)
    with server.lock():
        if server.succeeds(f"docker image inspect {server.project}:{release}"):
            print(f"The image of {release} is already on the server.")
        else:
            local = f"{server.project}:{release}"
            image.build(Context(), local, release, transfer.find_platform(server))
            transfer.send(server, local)
        configure(server)
        roll_out(server, release, migrated=False)


@task(help={"to": "A commit, tag or branch (default: the previous release)"})
def rollback(c: Context, to: str = "") -> None:
    """Return to the previous release, or to a given one.

    Migrations are not reversed.
    """
    server = connect(c)
    with server.lock():
        deployed = read_history(server)
        tags = list_releases(server)
        now = deployed[-1] if deployed else ""
        before = [each for each in deployed if each != now and each in tags]
        release = image.resolve_commit(to) if to else before[-1] if before else ""
        if not release:
            raise Exit("There is no previous release.")
        if release not in tags:
            raise Exit(f"There is no image of {to}; the last {KEPT} are kept: {', '.join(tags)}.")
        if release == now:
            raise Exit("That release is already running.")
        print(f"Returning to {release}. Migrations are not reversed.")
        roll_out(server, release, migrated=True)


@task
def restart(c: Context) -> None:
    """Restart the release, for example after a changed variable.

    No request is lost.
    """
    server = connect(c)
    with server.lock():
        deployed = read_history(server)
        if not deployed:
            raise Exit(f"Nothing has been deployed yet. Type: fab -H {server.name} host.deploy")
        roll_out(server, deployed[-1], migrated=True)


# --- What is on the server ----------------------------------------------------------------


def find_slot(server: Server) -> str:
    """Return the slot that serves: "a" or "b", or "" before the first deployment."""
    return server.read("caddy/upstream").removeprefix("web-")


def read_history(server: Server) -> list[str]:
    """Return the releases in the order of their deployment; the last one is serving."""
    return [line.split()[1] for line in server.read("releases").splitlines()]


def list_releases(server: Server) -> list[str]:
    """Return the releases whose images are on the server."""
    tags = server.capture(f"docker image ls --format '{{{{.Tag}}}}' {server.project}").split()
    return [tag for tag in tags if tag not in {"web-a", "web-b"<< ', "worker"' if cookiecutter.tasks == 'database' else '' >>}]


# --- Steps --------------------------------------------------------------------------------


def configure(server: Server) -> None:
    """Copy deploy/host to the server, and start or update the database and Caddy.

    Raises Exit if Caddy rejects its file; the old one then stays.
    """
    print("== Database and Caddy", flush=True)
    for name in ("compose.yaml", "backup.sh"):
        server.write(name, (DEPLOY / name).read_text(encoding="utf-8"), 0o644)
    old, new = server.read("caddy/Caddyfile"), (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    server.write("caddy/Caddyfile", new, 0o644)
    command = (
        "docker compose run --rm --no-deps -T caddy caddy validate --config /etc/caddy/Caddyfile"
    )
    if old != new and not (result := server.run(command, warn=True, hide=True)):
        if old:
            server.write("caddy/Caddyfile", old, 0o644)
        reason = image.last_line(result.stderr)
        raise Exit(f"Caddy rejects deploy/host/Caddyfile: {reason}. Nothing was changed.")
    result = server.run(
        "docker compose up --detach --wait --quiet-pull db caddy", warn=True, hide=True
    )
    if not result:
        raise Exit(f"{result.stderr.strip()}\nDatabase or Caddy failed: the lines above say why.")
    if old and old != new:
        server.capture("docker compose exec -T caddy caddy reload --config /etc/caddy/Caddyfile")


def roll_out(server: Server, release: str, *, migrated: bool) -> None:
    """Replace the serving release with another one, without losing a request.

    Migrates first, unless `migrated`. Raises Exit with the reason if the new one does not become
    ready; the old one then keeps serving.
    """
    old = find_slot(server)
    new = SLOTS[old]
    server.capture(f"docker tag {server.project}:{release} {server.project}:web-{new}")
    if not migrated:
        migrate(server, new)
    print(f"== Start {release}", flush=True)
    server.capture(f"docker compose up --detach --no-deps --force-recreate --quiet-pull web-{new}")
    try:
        wait_until_ready(server, new)
    except BaseException:
        server.run(f"docker compose rm --stop --force web-{new}", warn=True, hide=True)
        raise
    print("== Switch", flush=True)
    server.write("caddy/upstream", f"web-{new}", 0o644)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    server.capture(f"echo {stamp} {release} >> releases")
    if old:
        print("== Drain the old release", flush=True)
        server.capture(f"docker compose stop web-{old}")
<% if cookiecutter.tasks == "database" %>
    run_worker(server, release)
<% endif %>
    prune(server)
    print(f"{release} is serving.")


def migrate(server: Server, slot: str) -> None:
    """Migrate the database with the image in a slot that does not serve yet; raise Exit if it fails.

    This also checks that all variables are set.
    """
    print("== Migrate", flush=True)
    line = "python manage.py wait_and_migrate"
    result = server.run(f"docker compose run --rm --no-deps -T web-{slot} {line}", warn=True)
    if not result:
        raise Exit(
            f"The migration failed with exit code {result.exited}: the lines above say why."
            " The old release keeps serving. To set a variable:"
            f" fab -H {server.name} host.env NAME"
        )


def wait_until_ready(server: Server, slot: str) -> None:
    """Wait until the container in a slot is ready; after a timeout, raise Exit with the end of its log."""
    begin, failed = time.monotonic(), 0
    check = f"docker compose exec -T web-{slot} python -c '{CHECK}'"
    inspect = "docker inspect --format '{{.State.Status}} {{.RestartCount}}'"
    problem = ""
    while time.monotonic() - begin < READY_SECONDS and failed < TRIES:
        result: Any = server.run(check, warn=True, hide=True)
        if result:
            print(f"  Ready after {time.monotonic() - begin:.0f} s.", flush=True)
            return
        state = server.capture(f"{inspect} $(docker compose ps --all --quiet web-{slot})")
        if state != "running 0":
            problem = f"its container is {state.split()[0]}"
            break
        problem = result.stdout.strip()
        failed += result.exited == 2
        time.sleep(PAUSE)
    lines = server.capture(f"docker compose logs --no-log-prefix --tail 30 web-{slot} 2>&1")
    raise Exit(f"{lines}\nThe release is not ready: {problem}. The lines above are its log.")


<% if cookiecutter.tasks == "database" %>
def run_worker(server: Server, release: str) -> None:
    """Run the worker with this release, or remove it if the site runs its tasks itself."""
    if "TASKS='database'" not in server.read("site.env").splitlines():
        server.capture("docker compose rm --stop --force worker")
        return
    print("== Worker", flush=True)
    server.capture(f"docker tag {server.project}:{release} {server.project}:worker")
    server.capture("docker compose up --detach --no-deps --force-recreate worker")


<% endif %>
def prune(server: Server) -> None:
    """Remove the images of all but the last releases, to save disk space."""
    kept = list(dict.fromkeys(reversed(read_history(server))))[:KEPT]
    old = [f"{server.project}:{tag}" for tag in list_releases(server) if tag not in kept]
    if old:
        server.run(f"docker image rm {' '.join(old)}", warn=True, hide=True)
