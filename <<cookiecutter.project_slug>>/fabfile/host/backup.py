"""Tasks that back up and restore the database."""

import shlex
import sys
import time
from pathlib import Path

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import docker
from fabfile.host import release
from fabfile.host.server import Server, connect

# The new database that a backup is restored into.
RESTORED = "site_restored"
PSQL = "docker compose exec -T db psql --username=site --dbname=postgres --quiet -v ON_ERROR_STOP=1"


@task(help={"fetch": "Copy it to this machine, into backups/"})
def backup(c: Context, fetch: bool = False) -> None:
    """Back up the database now, as a timer does every night."""
    server = connect(c)
    result = server.run("sh backup.sh", warn=True, hide=True)
    if not result:
        raise Exit(f"{result.stderr.strip()}\nThe backup failed: the lines above say why.")
    name = result.stdout.strip().splitlines()[-1]
    print(f"{name} is on the server.")
    if fetch:
        Path("backups").mkdir(mode=0o700, exist_ok=True)
        server.connection.get(f"{server.folder}/{name}", name)
        print(f"Copied to {name} on this machine.")


@task(
    help={
        "file": "A backup: its name on the server, or a file on this machine",
        "yes": "Do not ask for confirmation",
    }
)
def restore(c: Context, file: str, yes: bool = False) -> None:
    """Restore a backup; the current data is set aside.

    The backup is restored into a new database and migrated there; then the site stops for a
    moment and switches to it. A backup that cannot be restored changes nothing.
    """
    server = connect(c)
    slot = release.find_slot(server)
    if not slot:
        raise Exit(f"Nothing has been deployed yet. Type: fab -H {server.name} host.deploy")
    if not yes and not (sys.stdin.isatty() and confirm(file)):
        raise Exit("Nothing was changed: not confirmed. Answer y, or add --yes.")
    if not server.succeeds("grep -qE \"^DATABASE_URL='[^']*@db(:[0-9]*)?/site['?]\" site.env"):
        raise Exit(
            "The database in site.env is not on this server, or its name is not site:"
            f" restore the backup where it is. {docker.HELP}"
        )
    with server.lock():
        name = find_backup(server, file)
        set_aside = f"site_before_{time.strftime('%Y%m%dT%H%M%S', time.gmtime()).lower()}"
        load_backup(server, name, slot)
        print("== Switch databases: the site stops for a moment", flush=True)
<% if cookiecutter.tasks == "database" %>
        worker = server.succeeds("docker compose ps --quiet worker | grep -q .")
        services = f"web-{slot}{' worker' if worker else ''}"
<% else %>
        services = f"web-{slot}"
<% endif %>
        try:
            server.capture(f"docker compose stop {services}")
            # Rename both or none.
            server.capture(
                f"{PSQL} --single-transaction"
                f" -c 'ALTER DATABASE site RENAME TO {set_aside}'"
                f" -c 'ALTER DATABASE {RESTORED} RENAME TO site'"
            )
        finally:
            server.capture(f"docker compose start {services}")
        release.wait_until_ready(server, slot)
    print(
        f"The site now has the data of {name}. Its earlier data is in the database {set_aside};"
        f" to delete that: docker compose exec db dropdb --username=site {set_aside}"
    )


def confirm(file: str) -> bool:
    """Ask whether the site's data may be replaced."""
    answer = input(f"Replace the site's data with {file}? [y/N] ")
    return answer.strip().lower() == "y"


def find_backup(server: Server, file: str) -> str:
    """Return a backup's path on the server; upload a local file first. Raise Exit if there is none."""
    name = f"backups/{Path(file).name}"
    local = Path(file)
    if local.is_file():
        server.capture("mkdir -p -m 700 backups")
        server.connection.sftp().put(str(local), f"{server.folder}/{name}")
    if not server.succeeds(f"test -f {shlex.quote(name)}"):
        backups = server.run("ls -1 backups", warn=True, hide=True).stdout.split()
        raise Exit(f"There is no backup {file}. On the server: {', '.join(backups) or 'none'}.")
    return name


def load_backup(server: Server, name: str, slot: str) -> None:
    """Restore a backup into a new database, and migrate it to the release that serves.

    Raises Exit if that fails, and drops the new database.
    """
    print(f"== Restore {name} into a new database", flush=True)
    drop = f"docker compose exec -T db dropdb --username=site --if-exists --force {RESTORED}"
    server.capture(drop)
    server.capture(f"docker compose exec -T db createdb --username=site {RESTORED}")
    restore = f"pg_restore --exit-on-error --no-owner --username=site --dbname={RESTORED}"
    url = f"$(sed -n \"s|^DATABASE_URL='\\(.*\\)/[^/]*'$|\\1|p\" site.env)/{RESTORED}"
    steps = (
        f"docker compose exec -T db {restore} < {shlex.quote(name)}",
        f'docker compose run --rm --no-deps -T -e DATABASE_URL="{url}" web-{slot}'
        " python manage.py wait_and_migrate",
    )
    for step in steps:
        result = server.run(step, warn=True, hide=True)
        if not result:
            server.capture(drop)
            raise Exit(f"{result.stderr.strip()}\n{name} cannot be restored. Nothing was changed.")
