"""`fab update`: a project of an earlier release is updated to a later one, with real git history."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WITHOUT_NETWORK, make_repository, run_git
from tests.project import Install, Project
from tests.update.history import (
    DELETED,
    DEPENDENCY,
    IMPROVED,
    MODELS,
    NEW,
    NEWEST,
    NOW,
    RENAMED,
    list_earlier_releases,
    replace,
)

Make = Callable[[str], Project]
GenerateOnce = Callable[[str], Path]
LOCKS = ("poetry.lock", "package-lock.json")

# Changes by a team: near the lines that the update changes, but never the same lines.
EDITS = {
    "config/settings.py": (
        '    "apps.accounts",\n',
        '    "apps.accounts",\n    "django.contrib.humanize",\n',
    ),
    "config/urls.py": ("    # Uploaded files, in", "    # Files of people, in"),
    "Dockerfile": ("WORKDIR /app\nCOPY package.json", "WORKDIR /app\n# Ours.\nCOPY package.json"),
    "docker-compose.yml": ("services:\n", "# Ours.\nservices:\n"),
    "templates/404.html": ("{% load i18n %}", "{% load i18n static %}"),
    "apps/core/templates/core/home.html": ('<p class="status">', '<p class="status ours">'),
    "apps/core/views.py": ("    template_name = ", "    extra_context = {}\n    template_name = "),
    "assets/scss/main.scss": ('@use "base";', '@use "base";\n\n// Ours.'),
    "README.md": ("## Tasks\n", "## Our tasks\n"),
    "pyproject.toml": ("# hashes passwords", "# hashes our passwords"),
}


def change_nothing(_project: Project) -> None:
    """Leave the project unchanged."""


def edit_files(project: Project) -> None:
    """Change ten files, most of which the update changes too."""
    for name, (old, new) in EDITS.items():
        replace(project.folder / name, old, new)


def add_app(project: Project) -> None:
    """Add an app with a model and a migration, and a binary file."""
    project.run("fab", "startapp", "shop")
    (project.folder / "apps/shop/models.py").write_text(
        '"""What is sold."""\n\nfrom django.db import models\n\n\nclass Thing(models.Model):\n'
        '    """A thing."""\n\n    name = models.CharField(max_length=50)\n\n'
        "    def __str__(self) -> str:\n        return self.name\n"
    )
    replace(
        project.folder / "config/settings.py",
        '    "apps.accounts",\n',
        '    "apps.accounts",\n    "apps.shop",\n',
    )
    project.run("fab", "manage", "makemigrations shop")
    project.run("fab", "format")
    (project.folder / "static/photo.bin").write_bytes(bytes(range(256)))


def rename_and_delete_files(project: Project) -> None:
    """Rename and delete files, some of which the update changes."""
    (project.folder / "apps/core/views.py").rename(project.folder / "apps/core/pages.py")
    (project.folder / "docs/security.md").rename(project.folder / "docs/safety.md")
    (project.folder / "templates/404.html").unlink()
    (project.folder / "apps/accounts/migrations/0002_attemptcounter.py").unlink()
    shutil.rmtree(project.folder / ".github")


CHANGES = [change_nothing, edit_files, add_app, rename_and_delete_files]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("release", [*list_earlier_releases(), NOW])
def test_update(
    release: str, change: Callable[[Project], None], make: Make, generate_once: GenerateOnce, install: Install
) -> None:
    """`fab update` to a simulated release keeps a team's changes without conflict, and `fab check` passes.

    Each real release is updated too.
    """
    project = make(release)
    # The cached packages are those of the current release.
    if release == NOW and change in (edit_files, add_app):
        install(project.folder)
    project.run("python", "-c", "from fabfile import env; env.complete()")
    change(project)
    commit(project)
    before = read_files(project.folder)
    excluded = {name: data for name, data in before.items() if is_excluded(name)}

    output = project.run("fab", "update", "--to", NEW).stdout

    assert run_git(project.folder, "diff", "--name-only", "--diff-filter=U") == ""
    after = read_files(project.folder)
    assert {name: data for name, data in after.items() if is_excluded(name)} == excluded
    assert not [name for name in after if name.endswith((".rej", ".orig"))]
    assert "CHANGELOG.md" in output
    deleted = set(run_git(project.folder, "log", "--diff-filter=D", "--name-only", "--format=").split())
    assert deleted.isdisjoint(after)
    for name, (_, new) in IMPROVED.items():
        if name in after and not is_excluded(name):
            assert new.encode() in after[name], name
    if change is change_nothing:
        assert exclude(after) == exclude(read_files(generate_once(NEW)))
    if change is edit_files:
        for name, (_, new) in EDITS.items():
            assert new.encode() in after[name], name
    assert "apps/core/links.py" in after
    assert DELETED not in after
    assert set(RENAMED).isdisjoint(after)
    assert set(RENAMED.values()) <= set(after)

    commit(project)
    assert f"{NEW} of " in project.run("fab", "version").stdout
    assert "Nothing to do" in project.run("fab", "update", "--to", NEW).stdout
    assert read_files(project.folder) == after
    if (project.folder / ".venv").exists():
        assert "All is well" in project.run("fab", "check").stdout


def is_excluded(name: str) -> bool:
    """Return whether an update must leave the file alone."""
    return name in LOCKS or name == ".env" or "/migrations/0" in name


def exclude(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files except those that an update leaves alone."""
    return {name: data for name, data in files.items() if not is_excluded(name)}


def commit(project: Project) -> None:
    """Commit everything."""
    run_git(project.folder, "add", "--all")
    run_git(project.folder, "commit", "--quiet", "--allow-empty", "--message=Work")


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file, except built and installed ones."""
    names = run_git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = {name: folder / name for name in [*names, ".env"] if name}
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def test_conflicts(make: Make) -> None:
    """If both sides change the same lines, `fab update` leaves git conflicts and lists only those files."""
    project = make(NOW)
    names = ["config/settings.py", "pyproject.toml", "templates/404.html"]
    for name in names:
        old, _ = IMPROVED[name]
        ours = old.replace("UTC", "Europe/Rome").replace("lead", "ours").replace("# https", "# Ours: https")
        replace(project.folder / name, old, ours)
    commit(project)

    result = project.run("fab", "update", "--to", NEW, check=False)

    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    unmerged = run_git(project.folder, "diff", "--name-only", "--diff-filter=U").split()
    assert sorted({*unmerged}) == names
    assert all(f"\n  {name}\n" in result.stdout for name in names)
    assert "\n  fab lock --keep\n" in result.stdout
    settings = (project.folder / "config/settings.py").read_text()
    assert find_conflict_markers(settings) == ["<" * 7, "=" * 7, ">" * 7]
    assert IMPROVED["Dockerfile"][1] in (project.folder / "Dockerfile").read_text()
    run_git(project.folder, "checkout", "--theirs", "--", *names)
    commit(project)
    assert "Nothing to do" in project.run("fab", "update", "--to", NEW).stdout


def find_conflict_markers(text: str) -> list[str]:
    """Return git's conflict markers, in order."""
    return [line[:7] for line in text.splitlines() if line[:7] in {"<" * 7, "=" * 7, ">" * 7}]


def test_dependencies(make: Make, install: Install) -> None:
    """By default `fab update` uses the newest release; `fab lock --keep` then upgrades no package."""
    project = make(NOW)
    install(project.folder)
    before = (project.folder / "poetry.lock").read_text()
    output = project.run("fab", "update").stdout
    assert f"to {NEWEST}" in output
    assert DEPENDENCY[1] in (project.folder / "pyproject.toml").read_text()
    assert (project.folder / "poetry.lock").read_text() == before
    assert "\n  fab lock --keep\n" in output
    project.run("fab", "lock", "--keep")
    after = (project.folder / "poetry.lock").read_text()
    assert after.rpartition("[metadata]")[0] == before.rpartition("[metadata]")[0]
    assert after != before


def test_branch(make: Make) -> None:
    """`fab update --to` accepts a branch of the template; an update adds no migrations."""
    project = make(NOW)
    project.run("fab", "update", "--to", MODELS)
    assert "later = " in (project.folder / "apps/accounts/models.py").read_text()
    assert not list(project.folder.glob("apps/accounts/migrations/01*"))


IMPOSSIBLE = {
    "changed file": (
        "git commit or git stash",
        lambda project: (project.folder / "README.md").write_text(""),
    ),
    "untracked file": ("git commit or git stash", lambda project: (project.folder / "new.py").touch()),
    "no repository": ("git init", lambda project: shutil.rmtree(project.folder / ".git")),
    "no answers": (".copier-answers.yml", lambda project: find_answers(project).unlink()),
    "no URL": (".copier-answers.yml", lambda project: find_answers(project).write_text("_commit: 1\n")),
    "no commit": (".copier-answers.yml", lambda project: delete_lines(find_answers(project), "_commit")),
    "another URL": ("template's URL", lambda project: replace(find_answers(project), "slipway", "gone")),
    "unknown commit": ("'gone'", lambda project: replace(find_answers(project), NOW, "gone")),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_update(case: str, make: Make) -> None:
    """If an update is not possible, `fab update` prints the command to run and changes nothing."""
    project = make(NOW)
    message, make_impossible = IMPOSSIBLE[case]
    make_impossible(project)
    if case not in ("changed file", "untracked file", "no repository"):
        commit(project)
    before = read_all_files(project.folder)

    result = project.run("fab", "update", check=False)

    assert result.returncode == 1
    assert message in result.stdout
    assert "Traceback" not in result.stdout
    assert read_all_files(project.folder) == before


def test_unknown_release(make: Make) -> None:
    """`fab update` to an unknown release fails and changes nothing."""
    project = make(NOW)
    result = project.run("fab", "update", "--to", "3000.9", check=False)
    assert result.returncode == 1
    assert "'3000.9'" in result.stdout
    assert run_git(project.folder, "status", "--porcelain") == ""
    assert "Traceback" not in result.stdout


def test_without_a_network(make: Make) -> None:
    """Without a network, `fab update` from a remote template says so and changes nothing."""
    project = make(NOW)
    text = find_answers(project).read_text().partition("_src_path:")
    find_answers(project).write_text(
        f"{text[0]}_src_path: https://github.com/org/slipway.git\n" + text[2].partition("\n")[2]
    )
    commit(project)
    result = project.run(*WITHOUT_NETWORK, "fab", "update", check=False)
    assert result.returncode == 1
    assert "Check the network" in result.stdout
    assert run_git(project.folder, "status", "--porcelain") == ""


def find_answers(project: Project) -> Path:
    """Return the path of the file with the answers."""
    return project.folder / ".copier-answers.yml"


def delete_lines(file: Path, word: str) -> None:
    """Delete the lines of a file that begin with a word."""
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith(word)))


def read_all_files(folder: Path) -> dict[Path, bytes]:
    """Return the content of all files, except git's own."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts and path.suffix != ".pyc"
    }


def test_project_in_a_monorepo(make: Make) -> None:
    """In a monorepo tasks affect only the project's folder, and leave other changes alone."""
    project = make(NOW)
    shutil.rmtree(project.folder / ".git")
    whole = project.folder.parent / "whole"
    (whole / "other").mkdir(parents=True)
    project.folder = project.folder.rename(whole / "site")
    (whole / "other" / "notes.py").write_text("x = {  'a':1 }\n")
    make_repository(whole)
    run_git(whole, "mv", "other/notes.py", "other/moved.py")
    assert "Nothing is staged" in project.run("fab", "lint", "--staged").stdout
    assert "Nothing is staged" in project.run("fab", "format", "--staged").stdout

    (whole / "other" / "moved.py").write_text("y = 2\n")
    (whole / "other" / "new.py").touch()
    before = read_all_files(whole)
    result = project.run("fab", "update", "--to", "3000.9", check=False)
    assert result.returncode == 1
    assert read_all_files(whole) == before
    assert run_git(whole, "diff", "--cached", "--name-only").split() == ["other/moved.py"]

    run_git(whole, "add", "--all")
    run_git(whole, "commit", "--quiet", "--message=Others")
    project.run("fab", "update", "--to", NEW)
    assert set(run_git(whole, "status", "--porcelain", "--", "other").split()) == set()
    assert (project.folder / "apps/core/links.py").exists()
    assert (whole / "other" / "moved.py").read_text() == "y = 2\n"
