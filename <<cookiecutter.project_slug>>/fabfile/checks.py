"""Tasks that test and tidy the code; `check` is what CI runs."""

import shlex

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.run import in_docker, npm, run

# Values under which Django's own check of a production site says what it would say there.
PRODUCTION = shlex.join(
    [
        "env",
        "DEBUG=false",
        "SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS=www.site.test",
        "DATABASE_URL=postgres://nobody:nothing@localhost/none",
        "EMAIL_URL=smtp://localhost",
    ]
)
LINTERS = (
    "ruff check .",
    "djlint --quiet --lint templates apps",
    "mypy .",
    "npm run lint",
)
FORMATTERS = (
    "ruff check --quiet --fix-only .",
    "ruff format .",
    "djlint --quiet --reformat templates apps",
    "npm run format",
)
CHECKS = (
    "ruff format --check .",
    "djlint --quiet --check templates apps",
    "npm run format:check",
    *LINTERS,
    "npm run build",
    "npm test",
    "python manage.py check --fail-level WARNING",
    f"{PRODUCTION} python manage.py check --deploy --fail-level WARNING",
    "python manage.py makemigrations --check --dry-run",
    "python manage.py messages --check",
    "pytest",
)


@task(help={"arguments": 'What follows pytest, in quotes: "apps/core -k health"'})
def test(c: Context, arguments: str = "") -> None:
    """Run the tests of Python and JavaScript; with arguments only pytest, with these."""
    if not arguments:
        npm(c, "test")
    run(c, f"pytest {arguments}")


@task
def lint(c: Context) -> None:
    """Say what is wrong with the code; see also format."""
    run_all(c, LINTERS)


@task
def format(c: Context) -> None:
    """Write the code in the one style."""
    run_all(c, FORMATTERS)


@task
def check(c: Context) -> None:
    """Run all that CI runs: style, types, Django's checks, migrations and tests."""
    run_all(c, CHECKS)


@task
def assets(c: Context) -> None:
    """Build the stylesheets and scripts once, as for production."""
    npm(c, "run build")


@task
def lock(c: Context) -> None:
    """Choose the newest versions that pyproject.toml and package.json allow, and write the locks."""
    run(
        c,
        "poetry lock --regenerate"
        if in_docker()
        else "python3 fabfile/poetry.py lock --regenerate",
    )
    npm(c, "update --package-lock-only")


def run_all(c: Context, commands: tuple[str, ...]) -> None:
    """Run every command, also after one has failed; raise Exit that names those that failed."""
    failed = []
    for command in commands:
        print(f"\n== {command.removeprefix(PRODUCTION).strip()}", flush=True)
        words = command.removeprefix("npm ")
        done = npm(c, words, warn=True) if words != command else run(c, command, warn=True)
        if not done:
            failed.append(command.removeprefix(PRODUCTION).strip())
    if failed:
        raise Exit("\nFailed:\n" + "\n".join(f"  {command}" for command in failed))
    print("\nAll is well.")
