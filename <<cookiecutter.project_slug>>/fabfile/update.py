"""Tasks that keep the project up with the template that it came from."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from typing import Any

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import local, origin
from fabfile.env import PROJECT
from fabfile.git import git, paths, succeeds
from fabfile.origin import Template
from fabfile.poetry import brought
from fabfile.run import VENV, in_docker, run

# https://copier.readthedocs.io/en/stable/updating/
COPIER = "copier==9.19.1"

# Each lock is written from a file, by these parts of it; what is installed stays as old as it can.
PYTHON_PARTS = ("project", "dependency-groups", "tool.poetry")
NPM_PARTS = ("dependencies", "devDependencies", "optionalDependencies", "overrides", "engines")
NPM_LOCK = "npm install --package-lock-only --no-audit --no-fund"
MIGRATIONS = "python manage.py makemigrations --check --dry-run"


@task
def version(c: Context) -> None:
    """Say which release of the template the project is on."""
    came_from = origin.read()
    print(f"{came_from.version or 'An unknown version'} of {came_from.address}")


@task(help={"to": "A release, branch or commit of the template; its newest release without it"})
def update(c: Context, to: str = "") -> None:
    """Take in what the template has improved.

    Merges the difference between the template then and now into the project, and leaves the
    result uncommitted. Raises Exit, with nothing changed, if that cannot be done; with code 1
    too if something is left to mend.
    """
    refuse_unfinished_work()
    came_from = origin.read()
    with origin.clone(came_from.address) as template:
        old, new = ends(template, came_from.version, to)
        names = f"from {template.version(old)} to {template.version(new)}"
        if template.is_within(new, old):
            print(f"Nothing to do: {template.version(old)} has all of {template.version(new)}.")
            return
        print(f"Updating {names} ...", flush=True)
        merge(new)
        summary(names, template, old, new)
    conflicts = sorted({*paths("diff", "--name-only", "--relative", "--diff-filter=U")})
    to_do = [f"{file}: mend what git marks, then: git add {file}" for file in conflicts]
    to_do += refresh_locks(c, conflicts)
    to_do += check_migrations(c) if not to_do else []
    report("\nLeft to do:", to_do)
    next_steps = ["git diff", "fab build", "fab check", "git add --all && git commit"]
    report("\nThen look at it, try it and commit it:", next_steps)
    if to_do:
        raise Exit(code=1)


# --- Before -------------------------------------------------------------------------------


def refuse_unfinished_work() -> None:
    """Raise Exit if git does not hold the whole project, which is the way back."""
    if not succeeds("rev-parse", "--verify", "--quiet", "HEAD"):
        raise Exit(
            "An update takes a git repository with a commit:"
            " git init && git add --all && git commit --message=Begin"
        )
    if git("status", "--porcelain"):
        raise Exit("There is work that is not committed: git commit or git stash, then again.")


def ends(template: Template, version: str, to: str) -> tuple[str, str]:
    """Return the template's commits to update from and to; raise Exit if there is none such."""
    newest = template.newest()
    old, new = template.commit(version) if version else "", template.commit(to or newest)
    if not new:
        raise Exit(f"The template has no release, branch or commit {to!r}. Its newest is {newest}.")
    if not old:
        known = f"the template has no {version!r}" if version else "the project does not know it"
        raise Exit(
            f"Which release the project came from is not clear: {known}."
            f" Write it into {origin.FILE.name}: _commit: {newest}"
        )
    for commit in (old, new):
        if not template.can_update(commit):
            name = template.version(commit)
            raise Exit(f"{name} of the template is older than fab update: it has no copier.yml.")
    return old, new


def merge(commit: str) -> None:
    """Let copier merge the template's commit in; raise Exit, with all as before, if it fails."""
    options = ["--defaults", "--conflict", "inline", "--quiet", "--vcs-ref", commit]
    command = [*brought("copier", [COPIER]), "update", *options]
    done = None
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    finally:
        if done is None or done.returncode:
            git("reset", "--quiet", "--hard")
            git("clean", "--quiet", "--force", "-d")
    if done.returncode:
        why = (done.stderr.strip() or f"copier ended with {done.returncode}").splitlines()[-1]
        raise Exit(f"The update failed, and nothing was changed: {why}")


# --- After --------------------------------------------------------------------------------


def summary(names: str, template: Template, old: str, new: str) -> None:
    """Print what has happened, and what the template asks for."""
    deleted = paths("diff", "--name-only", "--relative", "--diff-filter=D", "HEAD")
    added = paths("ls-files", "--others", "--exclude-standard")
    changed = paths("diff", "--name-only", "--relative", "--diff-filter=MT", "HEAD")
    counts = f"{len(changed)} files changed, {len(added)} new, {len(deleted)} deleted"
    print(f"Updated {names}: {counts}.")
    report("The template has no longer, so they were deleted:", deleted)
    gone = [file for file in template.changed(old, new) if is_gone(file)]
    report("Changed in the template, but deleted or renamed by you, so look there:", gone)
    if notes := template.upgrade_notes(old, new):
        print(f"\nUpgrade notes:\n\n{notes}")


def report(title: str, lines: list[str]) -> None:
    """Print a list under its title, if there is anything in it."""
    if lines:
        print(title, *lines, sep="\n  ")


def is_gone(file: str) -> bool:
    """Whether the project had this file once and has it no longer."""
    return not (PROJECT / file).exists() and bool(git("log", "-1", "--format=%h", "--", file))


def refresh_locks(c: Context, conflicts: list[str]) -> list[str]:
    """Write the locks anew whose dependencies have changed; return what to type where that failed.

    What is locked stays as it is, wherever the new dependencies allow it.
    """
    poetry = "poetry lock" if in_docker() else "python3 fabfile/poetry.py lock"
    sources = (
        ("pyproject.toml", tomllib.loads, PYTHON_PARTS, poetry),
        ("package.json", json.loads, NPM_PARTS, f"bash bash/node.sh {NPM_LOCK}"),
    )
    to_do = []
    for name, parse, parts, command in sources:
        if name in conflicts or (differs(name, parse, parts) and not lock(c, command)):
            to_do.append(command)
    return to_do


def differs(name: str, parse: Callable[[str], Any], parts: tuple[str, ...]) -> bool:
    """Whether the update has changed the parts of a file that a lock is written from."""
    before = parse(git("show", f"HEAD:./{name}"))
    now = parse((PROJECT / name).read_text(encoding="utf-8"))
    return any(within(before, part) != within(now, part) for part in parts)


def within(table: dict[str, Any], part: str) -> Any:
    """Return a part of a table by its dotted name, or None."""
    for name in part.split("."):
        table = (table or {}).get(name)  # type: ignore[assignment]
    return table


def lock(c: Context, command: str) -> bool:
    """Run a command that writes a lock; return whether it succeeded."""
    print(f"\n{command}", flush=True)
    if is_installed():
        return run(c, command, warn=True, with_services=False)
    # Poetry is brought, and must leave no empty environment here; npm is not brought.
    no_environment = {"POETRY_VIRTUALENVS_CREATE": "false"}
    return command.startswith("python3") and bool(c.run(command, env=no_environment, warn=True))


def check_migrations(c: Context) -> list[str]:
    """Return what to type if the models ask for a migration, which an update never brings."""
    if not is_installed():
        return []
    if in_docker():
        command = f"sh -c 'sh bash/packages-dev.sh && {MIGRATIONS}'"
    else:
        local.install_python(c)
        command = MIGRATIONS
    print(f"\n{MIGRATIONS}", flush=True)
    return [] if run(c, command, warn=True) else ["fab manage makemigrations"]


def is_installed() -> bool:
    """Whether there is something to run commands in: containers, or the packages on this machine."""
    return in_docker() or VENV.exists()
