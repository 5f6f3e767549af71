"""Tasks that set up a server, and set the site's variables."""

import getpass
import re
import shlex
import sys

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.env import PROJECT
from fabfile.host import release
from fabfile.host.server import DEPLOY, Server, connect, open_server

# The server's variables, in .env; all others are the site's.
SERVER_ENV = {
    "SITE_TLS": r"|tls (internal|\S+@\S+|\S+ \S+)",
    "BACKUP_DAYS": r"[1-9][0-9]{0,3}",
}
# Read by boto3, OpenTelemetry and OpenSSL.
LIBRARY_ENV = r"(AWS|OTEL)_\w+|(HTTPS?|NO)_PROXY|SSL_CERT_FILE"
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
# Checks the environment in the image: the error lists every problem.
CHECK = "python -c 'from config.environment import read; read()'"


@task(help={"domain": "The site's host name, or several separated by commas"})
def setup(c: Context, domain: str = "") -> None:
    """Set up a new Debian or Ubuntu server for the site.

    It needs root, or a user with sudo; it is idempotent.
    """
    for name in filter(None, domain.split(",")):
        if not DOMAIN.fullmatch(name):
            raise Exit(f"{name!r} is not a host name: --domain www.example.org,example.org")
    server = open_server(c)
    sudo = "" if server.connection.user == "root" else "sudo "
    if not domain and not server.connection.run(
        f"{sudo}test -f {server.folder}/.env", warn=True, hide=True, in_stream=False
    ):
        raise Exit("A new server needs the site's host name: --domain www.example.org")
    folder = server.connection.run("mktemp --directory", hide=True, in_stream=False).stdout.strip()
    try:
        sftp = server.connection.sftp()
        for file in DEPLOY.iterdir():
            sftp.put(str(file), f"{folder}/{file.name}")
        command = ["sh", f"{folder}/setup.sh", server.project, str(server.connection.port), domain]
        terminal = {"pty": True} if sudo and sys.stdin.isatty() else {"in_stream": False}
        if not server.connection.run(f"{sudo}{shlex.join(command)}", warn=True, **terminal):
            raise Exit("The setup failed: the lines above say why. You can run it again.")
    finally:
        server.connection.run(f"rm -rf {folder}", hide=True, in_stream=False)
    print(f"The server is ready. Now type: fab -H {server.name} host.env EMAIL_URL host.deploy")


@task(help={"name": "A variable of docs/configuration.md, or SITE_TLS or BACKUP_DAYS"})
def env(c: Context, name: str) -> None:
    """Set a variable or secret on the server; ask for its value.

    Reads the value from standard input if that is not a terminal. An empty value removes the variable.
    """
    variables = re.findall(
        r"^#? ?([A-Z][A-Z0-9_]*)=", (PROJECT / ".env.example").read_text(), re.MULTILINE
    )
    if name not in {*variables, *SERVER_ENV} and not re.fullmatch(LIBRARY_ENV, name):
        raise Exit(f"There is no variable {name}: see docs/configuration.md.")
    server = connect(c)
    value = (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()).strip()
    if "\n" in value or "'" in value:
        raise Exit(f"{name} cannot contain a line break or a single quote. Nothing was changed.")
    with server.lock():
        if name in SERVER_ENV:
            if not re.fullmatch(SERVER_ENV[name], value):
                raise Exit(
                    f"{name} cannot be {value!r}. For valid values, see docs/deployment-server.md."
                )
            server.write(".env", set_variable(server.read(".env"), name, value))
            print("Saved. It takes effect with the next deployment.")
            return
        text = set_variable(server.read("site.env"), name, f"'{value}'" if value else "")
        server.write("site.env.new", text)
        validate_environment(server)
        server.run("mv site.env.new site.env")
    print(
        f"Saved. Running containers keep the old value until you type: fab -H {server.name} host.restart"
    )


def set_variable(text: str, name: str, value: str) -> str:
    """Return the text of an .env file with this variable; without it if the value is empty."""
    lines = [line for line in text.splitlines() if not line.startswith(f"{name}=")]
    return "\n".join([*lines, *([f"{name}={value}"] if value or name in SERVER_ENV else []), ""])


def validate_environment(server: Server) -> None:
    """Raise Exit and remove site.env.new if the serving release would not start with it."""
    slot = release.find_slot(server)
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
