"""A generated project passes what it asks of its own team."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import workflow
from tests.project import Install, Project

NAMES = {
    "nasty": """O'Neil & "Sons" <b>{{ 1 }}</b> {% now %} \\n # $HOME %s""",
    "international": "مكتبة 北京 🚀",
}


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_check_passes(deploy: str, bake: Callable[..., Path], install: Install) -> None:
    """Format, lint, types, assets, Django's checks, migrations and tests, in the order of the list."""
    project = install(bake(deploy=deploy))
    output = project.run("fab", "check").stdout
    assert workflow.parse_steps(output) == workflow.list_steps(project.folder)
    assert "All is well" in output


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_inside(deploy: str, bake: Callable[..., Path], install: Install) -> None:
    """The tests of `tests/inside/` pass in a default project, and in one with a deployment."""
    install(bake(deploy=deploy)).run_inside_tests()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_unusual_names_in_a_project(bake: Callable[..., Path], install: Install, name: str) -> None:
    """The pages show the name as entered, and the files stay in the project's own style."""
    project = install(bake(project_name=name, project_slug="the_site", description=f"About {name}"))
    project.run("python", "-m", "pytest", "apps/core/tests/test_pages.py", DEBUG="true")
    project.run("ruff", "format", "--check", ".")
    shown = project.run(
        "python",
        "-c",
        "from django.conf import settings; print(settings.SITE_NAME); print(settings.SITE_DESCRIPTION)",
        DJANGO_SETTINGS_MODULE="config.settings",
        DEBUG="true",
    )
    assert shown.stdout.splitlines() == [name, f"About {name}"]


REFUSED = [
    ("fab", "manage", "check"),
    ("fab", "manage", "check --deploy"),
    ("gunicorn", "--config", "config/gunicorn.py", "config.wsgi"),
]


def test_production_refuses_to_start_without_its_variables(project: Project) -> None:
    """Django's checks and gunicorn list every missing or wrong variable and the fix, but no secret."""
    for command in REFUSED:
        wrong = {"DEBUG": "false", "SECRET_KEY": "hunter2", "WEB_THREADS": "many"}
        refused = project.run(*command, check=False, **wrong)
        assert refused.returncode == 1, refused.stdout
        assert "Traceback" not in refused.stdout
        assert "hunter2" not in refused.stdout
        for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "EMAIL_URL", "WEB_THREADS"):
            assert f"  {name} " in refused.stdout


def test_static_files_are_collected_without_any_variable(project: Project) -> None:
    """As the image does it: every file has a hash in its name and two compressed twins."""
    project.run("npm", "run", "build")
    project.run("python", "manage.py", "collectstatic", "--no-input", BUILDING="true")
    [stylesheet] = (project.folder / "staticfiles" / "dist" / "css").glob("main.????????????.css")
    assert stylesheet.with_name(f"{stylesheet.name}.br").exists()
    assert stylesheet.with_name(f"{stylesheet.name}.gz").exists()


def test_staged_files_outside_a_repository(project: Project) -> None:
    """`fab lint --staged` fails where there is no git repository, and says so."""
    refused = project.run("fab", "lint", "--staged", check=False)
    assert refused.returncode == 1
    assert "This is not a git repository." in refused.stdout
