"""Tasks that update the project to a newer template: docs/updating.md."""

import subprocess

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.util import yaml  # Bundled with Invoke.

from fabfile.docker import capture
from fabfile.env import PROJECT
from fabfile.poetry import find_program

# https://copier.readthedocs.io/en/stable/updating/
COPIER = "copier==9.19.1"
ORIGIN = ".copier-answers.yml"
COMMIT = "git add --all && git commit"


@task
def version(c: Context) -> None:
    """Print the version of the template that this project uses."""
    origin = read_origin()
    print(f"{origin.get('_commit', 'An unknown version')} of {origin.get('_src_path')}")


@task(help={"to": "A release, branch or commit of the template (default: its newest release)"})
def update(c: Context, to: str = "") -> None:
    """Merge the template's changes into the project."""
    refuse_unfinished_work()
    before = read_origin()
    print(f"Updating from {before.get('_commit')} of {before.get('_src_path')} ...", flush=True)
    merge(to)
    after = read_origin()
    if capture("git", "status", "--porcelain", ".") == "":
        print(f"Nothing to do: the project is on {after['_commit']}.")
        return
    print(f"Updated to {after['_commit']}.")
    print_list("Removed from the template, so deleted here:", list_changed_files("D", "HEAD"))
    conflicts = list_changed_files("U")
    print_list("Conflicts: resolve each one, then type git add FILE:", conflicts)
    has_new_packages = {"pyproject.toml", "package.json"} & {*list_changed_files("MU", "HEAD")}
    locks = ["fab lock --keep"] if has_new_packages else []
    notes = f"the upgrade notes since {before['_commit']}, in the template's CHANGELOG.md"
    print_list("Read:", [notes, "git status && git diff"])
    print_list("Then type:", [*locks, "fab build", "fab restart", "fab check", COMMIT])
    if conflicts:
        raise Exit(code=1)


def read_origin() -> dict[str, str]:
    """Read `.copier-answers.yml`: the template, its version and the answers."""
    try:
        return yaml.safe_load((PROJECT / ORIGIN).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        raise Exit(f"{ORIGIN} is missing or not YAML. Type: git log -- {ORIGIN}") from None


def refuse_unfinished_work() -> None:
    """Raise Exit unless everything is committed, so that git can undo the update."""
    if not capture("git", "rev-parse", "--verify", "HEAD"):
        raise Exit(f"An update needs a git repository with a commit. Type: git init && {COMMIT}")
    if capture("git", "status", "--porcelain", ".") != "":
        raise Exit("There are uncommitted changes. Type git commit or git stash, then try again.")


def merge(to: str) -> None:
    """Merge the changes with Copier; undo them and raise Exit if that fails."""
    options = ["--defaults", "--conflict", "inline", "--quiet", *(["--vcs-ref", to] if to else [])]
    command = [*find_program("copier", [COPIER]), "update", *options]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except BaseException as error:
        subprocess.run(["git", "restore", "--source=HEAD", "--staged", "--worktree", "."])
        subprocess.run(["git", "clean", "--quiet", "--force", "-d", "."])
        if not isinstance(error, subprocess.CalledProcessError):
            raise
        reason = (error.stderr.strip() or str(error)).splitlines()[-1].strip(" |")
        raise Exit(
            f"The update failed, and nothing was changed: {reason}\n"
            f"Check the network, and the template's URL and version in {ORIGIN}."
        ) from None


def list_changed_files(kinds: str, *since: str) -> list[str]:
    """Return the files with one of git's kinds of changes: https://git-scm.com/docs/git-diff"""
    options = ("--name-only", "--relative", "-z", f"--diff-filter={kinds}")
    if (output := capture("git", "diff", *options, *since)) is None:
        raise Exit("This is not a git repository. Type: git init")
    return sorted(set(output.split("\0")) - {""})


def print_list(title: str, lines: list[str]) -> None:
    """Print a list under its title, unless it is empty."""
    if lines:
        print(f"\n{title}", *lines, sep="\n  ")
