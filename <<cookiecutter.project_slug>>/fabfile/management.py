"""Tasks that run Django's management commands."""

import shlex

from fabric import task
from invoke.context import Context

from fabfile.run import run


@task(help={"command": 'The command and its arguments, in quotes: "dumpdata accounts"'})
def manage(c: Context, command: str) -> None:
    """Run a Django command: fab manage "check --deploy"."""
    run(c, f"python manage.py {command}")


@task
def migrate(c: Context) -> None:
    """Apply the database migrations."""
    run(c, "python manage.py migrate")


@task
def shell(c: Context) -> None:
    """Open a Python shell with the models imported."""
    run(c, "python manage.py shell")


@task
def dbshell(c: Context) -> None:
    """Open the database's own shell."""
    run(c, "python manage.py dbshell")


@task
def createsuperuser(c: Context) -> None:
    """Create a superuser."""
    run(c, "python manage.py createsuperuser")


@task(help={"name": "The app's name, in lowercase"})
def startapp(c: Context, name: str) -> None:
    """Create an app in apps/."""
    run(c, f"python manage.py startapp {shlex.quote(name)}")
