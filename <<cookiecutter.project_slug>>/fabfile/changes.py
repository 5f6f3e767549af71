"""What git says has changed, and which tests that concerns."""

import re
from collections.abc import Iterator

from fabfile import git
from fabfile.env import PROJECT

# Where a branch began: the first of these that there is.
MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


def staged() -> list[str]:
    """Return the files of the next commit, but for those that it deletes."""
    return git.paths("diff", "--cached", "--name-only", "--diff-filter=d")


def since_main() -> list[str]:
    """Return the files that differ from where this branch left the main one, committed or not."""
    known = (name for name in MAIN if git.succeeds("rev-parse", "--verify", "--quiet", name))
    main = next(known, "HEAD")
    base = git.git("merge-base", main, "HEAD").strip()
    untracked = git.paths("ls-files", "--others", "--exclude-standard")
    return sorted({*git.paths("diff", "--name-only", base), *untracked})


def concerned(files: list[str]) -> list[str]:
    """Return the folders with tests of what has changed; none if only assets have.

    An app's files concern its own tests, those of the apps that import from it, and the site's.
    Whatever lies elsewhere concerns all of them.
    """
    files = [file for file in files if not file.startswith("assets/")]
    if any(not re.match(r"apps/\w+/|tests/test_", file) for file in files):
        return ["apps", "tests"]
    changed = {file.split("/")[1] for file in files if file.startswith("apps/")}
    apps = sorted(app for app in with_users(changed) if (PROJECT / "apps" / app).is_dir())
    return [*(f"apps/{app}" for app in apps), "tests"] if files else []


def with_users(apps: set[str]) -> set[str]:
    """Return these apps, those that import from them, those that import from those, and so on."""
    imports = {folder.name: set(imported(folder.name)) for folder in (PROJECT / "apps").glob("*/")}
    while more := {app for app, used in imports.items() if used & apps} - apps:
        apps = apps | more
    return apps


def imported(app: str) -> Iterator[str]:
    """Yield the names of the apps that an app's code names, such as apps.core."""
    for file in (PROJECT / "apps" / app).rglob("*.py"):
        yield from re.findall(r"\bapps\.(\w+)", file.read_text(encoding="utf-8"))
