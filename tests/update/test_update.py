"""`fab update`: a project of an earlier release takes in a later one, by real history in git."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WITHOUT_NETWORK, make_repository
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
    earlier_releases,
    git,
    replace,
)

Make = Callable[[str], Project]
Made = Callable[[str], Path]
LOCKS = ("poetry.lock", "package-lock.json")

# Changes that a team makes to its project: next to the template's lines, never on them.
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


def untouched(_project: Project) -> None:
    """Leave the project as it is."""


def edited(project: Project) -> None:
    """Change ten files, most of which the template changes too."""
    for name, (old, new) in EDITS.items():
        replace(project.folder / name, old, new)


def app_added(project: Project) -> None:
    """Add an app with a model and a migration, and a file that is no text."""
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


def renamed_and_deleted(project: Project) -> None:
    """Rename and delete files, some of which the template changes."""
    (project.folder / "apps/core/views.py").rename(project.folder / "apps/core/pages.py")
    (project.folder / "docs/security.md").rename(project.folder / "docs/safety.md")
    (project.folder / "templates/404.html").unlink()
    (project.folder / "apps/accounts/migrations/0002_attemptcounter.py").unlink()
    shutil.rmtree(project.folder / ".github")


TEAMS = [untouched, edited, app_added, renamed_and_deleted]


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: team.__name__)
@pytest.mark.parametrize("release", [*earlier_releases(), NOW])
def test_update(
    release: str, team: Callable[[Project], None], make: Make, made: Made, install: Install
) -> None:
    """From each release, with a team's typical changes: no conflict, nothing lost, `fab check` passes."""
    project = make(release)
    # The packages of today are those of the newest release alone.
    if release == NOW and team in (edited, app_added):
        install(project.folder)
    project.run("python", "-c", "from fabfile import env; env.complete()")
    team(project)
    commit(project)
    before = contents(project.folder)
    own = {name: data for name, data in before.items() if is_own(name)}

    output = project.run("fab", "update", "--to", NEW).stdout

    assert git(project.folder, "diff", "--name-only", "--diff-filter=U") == ""
    after = contents(project.folder)
    assert {name: data for name, data in after.items() if is_own(name)} == own
    assert not [name for name in after if name.endswith((".rej", ".orig"))]
    assert "CHANGELOG.md" in output
    deleted = set(git(project.folder, "log", "--diff-filter=D", "--name-only", "--format=").split())
    assert deleted.isdisjoint(after)
    for name, (_, new) in IMPROVED.items():
        if name in after and not is_own(name):
            assert new.encode() in after[name], name
    if team is untouched:
        assert without_own(after) == without_own(contents(made(NEW)))
    if team is edited:
        for name, (_, new) in EDITS.items():
            assert new.encode() in after[name], name
    assert "apps/core/links.py" in after
    assert DELETED not in after
    assert set(RENAMED).isdisjoint(after)
    assert set(RENAMED.values()) <= set(after)

    commit(project)
    assert f"{NEW} of " in project.run("fab", "version").stdout
    assert "Nothing to do" in project.run("fab", "update", "--to", NEW).stdout
    assert contents(project.folder) == after
    if (project.folder / ".venv").exists():
        assert "All is well" in project.run("fab", "check").stdout


def is_own(name: str) -> bool:
    """Whether an update must leave the file alone, or not bring it."""
    return name in LOCKS or name == ".env" or "/migrations/0" in name


def without_own(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files except those that an update leaves alone."""
    return {name: data for name, data in files.items() if not is_own(name)}


def commit(project: Project) -> None:
    """Commit all that there is."""
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--allow-empty", "--message=Work")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file, except built and installed ones."""
    names = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = {name: folder / name for name in [*names, ".env"] if name}
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def test_conflicts(make: Make) -> None:
    """The same lines changed on both sides are an ordinary conflict for git, named, and nothing else is."""
    project = make(NOW)
    same = ["config/settings.py", "pyproject.toml", "templates/404.html"]
    for name in same:
        old, _ = IMPROVED[name]
        ours = old.replace("UTC", "Europe/Rome").replace("lead", "ours").replace("# https", "# Ours: https")
        replace(project.folder / name, old, ours)
    commit(project)

    result = project.run("fab", "update", "--to", NEW, check=False)

    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    unmerged = git(project.folder, "diff", "--name-only", "--diff-filter=U").split()
    assert sorted({*unmerged}) == same
    assert all(f"\n  {name}\n" in result.stdout for name in same)
    assert "\n  fab lock --keep\n" in result.stdout
    settings = (project.folder / "config/settings.py").read_text()
    assert marks(settings) == ["<" * 7, "=" * 7, ">" * 7]
    assert IMPROVED["Dockerfile"][1] in (project.folder / "Dockerfile").read_text()
    git(project.folder, "checkout", "--theirs", "--", *same)
    commit(project)
    assert "Nothing to do" in project.run("fab", "update", "--to", NEW).stdout


def marks(text: str) -> list[str]:
    """Return git's marks of a conflict, in their order."""
    return [line[:7] for line in text.splitlines() if line[:7] in {"<" * 7, "=" * 7, ">" * 7}]


def test_dependencies(make: Make, install: Install) -> None:
    """Without --to it updates to the newest release; `fab lock --keep` then upgrades nothing else."""
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
    """It can update to a branch of the template too; an update adds no migration."""
    project = make(NOW)
    project.run("fab", "update", "--to", MODELS)
    assert "later = " in (project.folder / "apps/accounts/models.py").read_text()
    assert not list(project.folder.glob("apps/accounts/migrations/01*"))


REFUSED = {
    "dirty": ("git commit or git stash", lambda project: (project.folder / "README.md").write_text("")),
    "untracked": ("git commit or git stash", lambda project: (project.folder / "new.py").touch()),
    "no repository": ("git init", lambda project: shutil.rmtree(project.folder / ".git")),
    "no answers": (".copier-answers.yml", lambda project: answers(project).unlink()),
    "no address": (".copier-answers.yml", lambda project: answers(project).write_text("_commit: 1\n")),
    "no commit": (".copier-answers.yml", lambda project: drop(answers(project), "_commit")),
    "another URL": ("template's URL", lambda project: replace(answers(project), "slipway", "gone")),
    "unknown commit": ("'gone'", lambda project: replace(answers(project), NOW, "gone")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, make: Make) -> None:
    """An update that cannot be made is refused with the command to type, and nothing is changed."""
    project = make(NOW)
    words, spoil = REFUSED[case]
    spoil(project)
    if case not in ("dirty", "untracked", "no repository"):
        commit(project)
    before = everything(project.folder)

    refused = project.run("fab", "update", check=False)

    assert refused.returncode == 1
    assert words in refused.stdout
    assert "Traceback" not in refused.stdout
    assert everything(project.folder) == before


def test_unknown_release(make: Make) -> None:
    """A release that the template does not have is refused, and nothing is changed."""
    project = make(NOW)
    refused = project.run("fab", "update", "--to", "3000.9", check=False)
    assert refused.returncode == 1
    assert "'3000.9'" in refused.stdout
    assert git(project.folder, "status", "--porcelain") == ""
    assert "Traceback" not in refused.stdout


def test_no_network(make: Make) -> None:
    """Without a network, a remote template gives an error that says so."""
    project = make(NOW)
    text = answers(project).read_text().partition("_src_path:")
    answers(project).write_text(
        f"{text[0]}_src_path: https://github.com/org/slipway.git\n" + text[2].partition("\n")[2]
    )
    commit(project)
    refused = project.run(*WITHOUT_NETWORK, "fab", "update", check=False)
    assert refused.returncode == 1
    assert "Check the network" in refused.stdout
    assert git(project.folder, "status", "--porcelain") == ""


def answers(project: Project) -> Path:
    """Return the file that says where the project came from."""
    return project.folder / ".copier-answers.yml"


def drop(file: Path, word: str) -> None:
    """Take the lines that begin with a word out of a file."""
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith(word)))


def everything(folder: Path) -> dict[Path, bytes]:
    """Return all files with their bytes, except git's own."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts and path.suffix != ".pyc"
    }


def test_in_a_folder_of_a_larger_repository(make: Make) -> None:
    """In a monorepo tasks concern the project's folder alone, and others' work is left as it is."""
    project = make(NOW)
    shutil.rmtree(project.folder / ".git")
    whole = project.folder.parent / "whole"
    (whole / "other").mkdir(parents=True)
    project.folder = project.folder.rename(whole / "site")
    (whole / "other" / "notes.py").write_text("x = {  'a':1 }\n")
    make_repository(whole)
    git(whole, "mv", "other/notes.py", "other/moved.py")
    assert "Nothing is staged" in project.run("fab", "lint", "--staged").stdout
    assert "Nothing is staged" in project.run("fab", "format", "--staged").stdout

    (whole / "other" / "moved.py").write_text("y = 2\n")
    (whole / "other" / "new.py").touch()
    before = everything(whole)
    refused = project.run("fab", "update", "--to", "3000.9", check=False)
    assert refused.returncode == 1
    assert everything(whole) == before
    assert git(whole, "diff", "--cached", "--name-only").split() == ["other/moved.py"]

    git(whole, "add", "--all")
    git(whole, "commit", "--quiet", "--message=Others")
    project.run("fab", "update", "--to", NEW)
    assert set(git(whole, "status", "--porcelain", "--", "other").split()) == set()
    assert (project.folder / "apps/core/links.py").exists()
    assert (whole / "other" / "moved.py").read_text() == "y = 2\n"
