"""Tasks that make a server ready, and give the site its variables."""

import getpass
import re
import shlex
import sys

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.env import PROJECT
from fabfile.host import release
from fabfile.host.server import DEPLOY, Server, connect, reach

# What is the server's, in .env; all other variables are the site's.
OF_SERVER = {
    "SITE_TLS": r"|tls (internal|\S+@\S+|\S+ \S+)",
    "BACKUP_DAYS": r"[1-9][0-9]{0,3}",
}
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
# Who the server is, in the image: the configuration names all that is wrong with it.
CHECK = "python -c 'from config.environment import read; read()'"


@task(help={"domain": "The site's host name; several with commas between them"})
def setup(c: Context, domain: str = "") -> None:
    """Make a fresh Debian or Ubuntu server ready for the site.

    It takes root, or a user who may sudo; it can be run again, and then changes nothing that is right.
    """
    for name in filter(None, domain.split(",")):
        if not DOMAIN.fullmatch(name):
            raise Exit(f"{name!r} is no host name: --domain www.example.org,example.org")
    server = reach(c)
    sudo = "" if server.connection.user == "root" else "sudo "
    if not domain and not server.connection.run(
        f"{sudo}test -f {server.folder}/.env", warn=True, hide=True, in_stream=False
    ):
        raise Exit("A new server takes the site's host name: --domain www.example.org")
    sent = server.connection.run("mktemp --directory", hide=True, in_stream=False).stdout.strip()
    try:
        sftp = server.connection.sftp()
        for file in DEPLOY.iterdir():
            sftp.put(str(file), f"{sent}/{file.name}")
        words = ["sh", f"{sent}/setup.sh", server.project, str(server.connection.port), domain]
        terminal = {"pty": True} if sudo and sys.stdin.isatty() else {"in_stream": False}
        if not server.connection.run(f"{sudo}{shlex.join(words)}", warn=True, **terminal):
            raise Exit("The server is not ready: the lines above say why. It can be tried again.")
    finally:
        server.connection.run(f"rm -rf {sent}", hide=True, in_stream=False)
    print(f"The server is ready. Now: fab -H {server.name} host.env EMAIL_URL host.deploy")


@task(help={"name": "A variable of docs/configuration.md, or SITE_TLS or BACKUP_DAYS"})
def env(c: Context, name: str) -> None:
    """Set a variable or secret on the server, which it asks for.

    Not a terminal: reads the value from standard input. No value takes the variable away.
    """
    known = re.findall(
        r"^#? ?([A-Z][A-Z0-9_]*)=", (PROJECT / ".env.example").read_text(), re.MULTILINE
    )
    if name not in {*known, *OF_SERVER}:
        raise Exit(f"The site knows no variable {name}: see docs/configuration.md.")
    server = connect(c)
    value = (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()).strip()
    if "\n" in value or "'" in value:
        raise Exit(f"{name} cannot hold a line's end or the sign ': nothing was changed.")
    with server.lock():
        if name in OF_SERVER:
            if not re.fullmatch(OF_SERVER[name], value):
                raise Exit(f"{name} cannot be {value!r}: see docs/deployment-server.md.")
            server.write(".env", changed(server.read(".env"), name, value))
            print("It is kept, and holds from the next deployment on.")
            return
        text = changed(server.read("site.env"), name, f"'{value}'" if value else "")
        server.write("site.env.new", text)
        check(server)
        server.run("mv site.env.new site.env")
    print(
        f"It is kept. Containers that run have the old value until: fab -H {server.name} host.restart"
    )


def changed(text: str, name: str, value: str) -> str:
    """Return the text of an .env file with this value in it; without the name if there is no value."""
    lines = [line for line in text.splitlines() if not line.startswith(f"{name}=")]
    return "\n".join([*lines, *([f"{name}={value}"] if value or name in OF_SERVER else []), ""])


def check(server: Server) -> None:
    """Raise Exit if the release that serves would not start with site.env.new, which is then removed."""
    slot = release.serving(server)
    if not slot:
        return
    result = server.run(
        f"SITE_ENV=site.env.new docker compose run --rm --no-deps -T web-{slot} {CHECK}",
        warn=True,
        hide=True,
    )
    if not result:
        server.run("rm site.env.new")
        raise Exit(f"{result.stderr.strip()}\nNothing was changed.")
