"""Tasks that are Django's own commands."""

import re

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.env import PROJECT
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


@task(help={"name": "The app's name, in small letters"})
def startapp(c: Context, name: str) -> None:
    """Make a new app in apps/.

    Raises Exit if there is one of this name, or it is no name for one.
    """
    folder = PROJECT / "apps" / name
    if not name.isidentifier() or folder.exists():
        raise Exit(f"{name!r} is not a Python name, or an app of that name exists already.")
    folder.mkdir()
    run(c, f"python manage.py startapp {name} apps/{name}")
    config = folder / "apps.py"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"name = .*", f'name = "apps.{name}"', text), encoding="utf-8")
    print(f'Now add "apps.{name}" to INSTALLED_APPS in config/settings.py.')
