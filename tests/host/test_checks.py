"""A generated project passes its own checks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import workflow
from tests.project import Install, Project

NAMES = {
    "punctuation": """O'Neil & "Sons" <b>{{ 1 }}</b> {% now %} \\n # $HOME %s""",
    "international": "مكتبة 北京 🚀",
}


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_check_passes(deploy: str, bake: Callable[..., Path], install: Install) -> None:
    """A new project passes `fab check`, and every step runs in the documented order."""
    project = install(bake(deploy=deploy))
    output = project.run("fab", "check").stdout
    assert workflow.parse_steps(output) == workflow.list_steps(project.folder)
    assert "All is well" in output


@pytest.mark.parametrize("deploy", ["none", "both"])
def test_inside_tests_pass(deploy: str, bake: Callable[..., Path], install: Install) -> None:
    """The tests in `tests/inside/` pass in a default project, and in one with deployment."""
    install(bake(deploy=deploy)).run_inside_tests()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_unusual_names_in_a_project(bake: Callable[..., Path], install: Install, name: str) -> None:
    """With unusual names the pages show the name unchanged, and the files stay formatted."""
    project = install(bake(project_name=name, project_slug="the_site", description=f"About {name}"))
    project.run("python", "-m", "pytest", "apps/core/tests/test_pages.py", DEBUG="true")
    project.run("ruff", "format", "--check", ".")
    result = project.run(
        "python",
        "-c",
        "from django.conf import settings; print(settings.SITE_NAME); print(settings.SITE_DESCRIPTION)",
        DJANGO_SETTINGS_MODULE="config.settings",
        DEBUG="true",
    )
    assert result.stdout.splitlines() == [name, f"About {name}"]


COMMANDS = [
    ("fab", "manage", "check"),
    ("fab", "manage", "check --deploy"),
    ("gunicorn", "--config", "config/gunicorn.py", "config.wsgi"),
]


def test_invalid_configuration_stops_production(project: Project) -> None:
    """Production does not start with invalid variables, and lists each with its fix but no secret."""
    for command in COMMANDS:
        variables = {"DEBUG": "false", "SECRET_KEY": "hunter2", "WEB_THREADS": "many"}
        result = project.run(*command, check=False, **variables)
        assert result.returncode == 1, result.stdout
        assert "Traceback" not in result.stdout
        assert "hunter2" not in result.stdout
        for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "EMAIL_URL", "WEB_THREADS"):
            assert f"  {name} " in result.stdout


def test_collectstatic_needs_no_variable(project: Project) -> None:
    """`collectstatic` needs no variable in the image's build: each file is hashed and compressed."""
    project.run("npm", "run", "build")
    project.run("python", "manage.py", "collectstatic", "--no-input", BUILDING="true")
    [stylesheet] = (project.folder / "staticfiles" / "dist" / "css").glob("main.????????????.css")
    assert stylesheet.with_name(f"{stylesheet.name}.br").exists()
    assert stylesheet.with_name(f"{stylesheet.name}.gz").exists()


def test_lint_staged_outside_a_repository(project: Project) -> None:
    """`fab lint --staged` fails with an error message outside a git repository."""
    result = project.run("fab", "lint", "--staged", check=False)
    assert result.returncode == 1
    assert "This is not a git repository." in result.stdout
