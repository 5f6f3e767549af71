"""Later releases of the template: two releases and a branch, with typical changes."""

from pathlib import Path

from tests.conftest import TEMPLATE, run_git

# The current state, a release with improvements, one with a newer dependency, and a branch with a field.
NOW, NEW, NEWEST, MODELS = "3000.1.1", "3000.2.1", "3000.3.1", "models"

# File: the old text and the new text.
IMPROVED = {
    "config/settings.py": ('TIME_ZONE = "UTC"\n', 'TIME_ZONE = "UTC"\nFIRST_DAY_OF_WEEK = 1\n'),
    "Dockerfile": ("# The site's image. `docker", "# The image of the site. `docker"),
    "docker-compose.yml": ("# Your UID and GID: files", "# Your own UID and GID: files"),
    "templates/404.html": ('<p class="lead">', '<p class="lead wide">'),
    "fabfile/steps.py": ("The tasks start this where", "Tasks start this where"),
    "apps/core/views.py": ('"""The first page."""', '"""The site\'s first page."""'),
    "assets/scss/main.scss": ('@use "print";', '@use "paper";'),
    "README.md": ("- [Translation](docs/translation.md)", "- [Words](docs/words.md)"),
    "docs/docker.md": ("# Docker image\n", "# The site's image\n"),
    "pyproject.toml": ("# https://docs.astral.sh/ruff/rules/", "# See https://docs.astral.sh/ruff/rules/"),
    "apps/accounts/migrations/0001_initial.py": ("class Migration", "# Changed later\nclass Migration"),
    "poetry.lock": ("# This file", "# Changed later: this file"),
    "package-lock.json": ('"requires": true', '"requires":  true'),
}
ADDED = {
    "apps/core/links.py": '"""Links."""\n',
    "apps/accounts/migrations/0100_later.py": "# A migration of the template's\n",
}
RENAMED = {"assets/scss/_print.scss": "assets/scss/_paper.scss"}
DELETED = "docs/translation.md"
NOTES = "- Say `FIRST_DAY_OF_WEEK` where weeks begin on Sunday."

# A range that the locked version satisfies.
DEPENDENCY = ("redis (>=8.1,<9)", "redis (>=8.0.1,<9)")
FIELD = ("    email = ", "    later = models.BooleanField(default=False)\n    email = ")


def add_releases(template: Path) -> None:
    """Commit and tag the later releases."""
    project = template / "<<cookiecutter.project_slug>>"
    for name, (old, new) in IMPROVED.items():
        replace(project / name, old, new)
    for name, text in ADDED.items():
        (project / name).write_text(text)
    for old, new in RENAMED.items():
        (project / old).rename(project / new)
    (project / DELETED).unlink()
    replace(
        template / "CHANGELOG.md",
        "\n## Unreleased",
        f"\n## {NEW}\n\n### Upgrade notes\n\n{NOTES}\n\n## Before",
    )
    commit_release(template, NEW)
    run_git(template, "switch", "--quiet", "--create", MODELS)
    replace(project / "apps/accounts/models.py", *FIELD)
    run_git(template, "commit", "--quiet", "--all", "--message=A field")
    run_git(template, "switch", "--quiet", "-")
    replace(project / "pyproject.toml", *DEPENDENCY)
    commit_release(template, NEWEST)


def list_earlier_releases() -> list[str]:
    """Return the template's tags from which projects can be updated."""
    tags = run_git(TEMPLATE, "tag").split()
    return [tag for tag in tags if "copier.yml" in run_git(TEMPLATE, "ls-tree", "--name-only", tag).split()]


def replace(file: Path, old: str, new: str) -> None:
    """Replace text that the file must contain."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def commit_release(folder: Path, tag: str) -> None:
    """Commit everything and tag it."""
    run_git(folder, "add", "--all")
    run_git(folder, "commit", "--quiet", "--allow-empty", f"--message={tag}")
    run_git(folder, "tag", tag)
