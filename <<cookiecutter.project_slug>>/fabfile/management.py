"""Tasks that are Django's own commands."""

import shlex

from fabric import task
from invoke.context import Context

from fabfile.run import run


@task(help={"command": 'What follows manage.py, in quotes: "dumpdata accounts"'})
def manage(c: Context, command: str) -> None:
    """Run one of Django's commands: fab manage "check --deploy"."""
    run(c, f"python manage.py {command}")


@task
def migrate(c: Context) -> None:
    """Bring the database to the state of the models."""
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
    """Make an account that may do everything."""
    run(c, "python manage.py createsuperuser")


@task(help={"name": "The app's name, in lowercase"})
def startapp(c: Context, name: str) -> None:
    """Make a new app in apps/."""
    run(c, f"python manage.py startapp {shlex.quote(name)}")
