"""A team's day without Docker: checks, hooks, the debugger, tests that are chosen, tests in a browser."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import AUTHOR, WITHOUT_NETWORK, make_repository
from tests.debug_adapter import Debugger, request_in_background
from tests.production import find_free_port, wait_until
from tests.project import Project

UGLY = 'import os\nx = {  "a":1 }\n'
BROKEN = "import os\n\n\ndef broken() -> int:\n    return nothing\n"
UNTESTED = "def untested() -> None:\n" + "".join(f"    x = {n}\n" for n in range(900))
WRONG_TEST = "def test_wrong() -> None:\n    assert 4711 == 1\n"


@pytest.fixture
def repository(project: Project, tmp_path: Path) -> Project:
    """Return a project in git, with a home folder of its own and no network."""
    make_repository(project.folder)
    project.variables |= {**AUTHOR, "HOME": str(tmp_path / "home")}
    return project


# --- Checks -------------------------------------------------------------------------------


def test_check_with_fix(project: Project) -> None:
    """`fab check --fix` fixes Python, templates, styles and scripts, and names the steps that fail.

    Here a type, a test, and a coverage below what pyproject.toml demands; `fab test` does not demand it.
    """
    for name, (tidy, ugly) in FIXABLE.items():
        text = (project.folder / name).read_text()
        assert tidy in text
        write(project, name, text.replace(tidy, ugly, 1))
    assert project.run("fab", "lint", check=False).returncode == 1
    write(project, "apps/core/broken.py", BROKEN)
    write(project, "apps/core/tests/test_wrong.py", WRONG_TEST)
    write(project, "apps/accounts/untested.py", UNTESTED)
    refused = project.run("fab", "check", "--fix", check=False)
    assert refused.returncode == 1
    failed = refused.stdout.rpartition("Failed, ")[2].splitlines()[1:]
    assert {line.split()[0] for line in failed} == {"ruff", "mypy", "pytest"}
    assert 'Name "nothing" is not defined' in refused.stdout
    assert "assert 4711 == 1" in refused.stdout
    assert "Coverage failure" in refused.stdout
    assert "Traceback" not in refused.stdout
    for name, (_, ugly) in FIXABLE.items():
        assert ugly not in (project.folder / name).read_text()
    project.run("fab", "test", "-k", "robots")


FIXABLE = {
    "apps/core/urls.py": ("from django", "import os\nfrom django"),
    "templates/404.html": ("  <p class", "<p   class"),
    "assets/scss/_print.scss": ("@media", "a{color:RED}\n@media"),
    "assets/js/main.js": ("import", "document.title='x'\nimport"),
}


def write(project: Project, name: str, text: str) -> None:
    """Write a file of the project."""
    (project.folder / name).write_text(text)


# --- Hooks --------------------------------------------------------------------------------


def git(project: Project, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git in the project, cut off from the network."""
    return project.run(*WITHOUT_NETWORK, "git", *words, check=check)


def test_hooks(repository: Project) -> None:
    """The real pre-commit, without a network, refuses and fixes a commit in bad style; the next passes."""
    repository.run("pre-commit", "install")
    write(repository, "apps/core/ugly.py", UGLY)
    write(repository, "apps/core/left alone.py", UGLY)
    git(repository, "add", "apps/core/ugly.py")
    refused = git(repository, "commit", "--message=ugly", check=False)
    assert refused.returncode == 1, refused.stdout
    assert (repository.folder / "apps/core/ugly.py").read_text() == 'x = {"a": 1}\n'
    assert (repository.folder / "apps/core/left alone.py").read_text() == UGLY
    git(repository, "add", "apps/core/ugly.py")
    git(repository, "commit", "--message=tidy")
    assert git(repository, "show", "--format=", "--name-only").stdout.split() == ["apps/core/ugly.py"]


def test_hooks_refuse_what_they_cannot_fix(repository: Project) -> None:
    """An error that no tool can fix stops the commit and is named; documents alone pass untouched."""
    repository.run("pre-commit", "install")
    write(repository, "apps/core/faulty file.py", "def f() -> int:\n    return nothing\n")
    git(repository, "add", "--all")
    refused = git(repository, "commit", "--message=faulty", check=False)
    assert refused.returncode == 1
    assert "Undefined name `nothing`" in refused.stdout
    git(repository, "rm", "--cached", "--quiet", "apps/core/faulty file.py")
    write(repository, "docs/more.md", "  More.  \n")
    git(repository, "add", "docs")
    git(repository, "commit", "--message=words")


# --- Tests that are chosen ----------------------------------------------------------------


def test_processes(project: Project) -> None:
    """All tests run on all processors; those that are named, or stopped at by --pdb, in one process."""
    assert "[gw0]" in project.run("fab", "test", "--arguments=-v apps/core").stdout
    assert "[gw0]" not in project.run("fab", "test", "-k", "robots", "--arguments=-v").stdout
    file = "apps/core/tests/test_health.py"
    assert "[gw0]" not in project.run("fab", "test", f"--arguments=-v {file}").stdout
    write(project, "apps/core/tests/test_wrong.py", WRONG_TEST)
    stopped = project.run("fab", "test", "--pdb", "--arguments=apps/core", check=False)
    assert "(Pdb)" in stopped.stdout


# --- The debugger -------------------------------------------------------------------------

VIEW = "apps/core/views.py"


@pytest.fixture
def debugged(project: Project) -> Iterator[Project]:
    """Return a project with ports of its own, whose site is stopped in the end."""
    project.variables |= {name: str(find_free_port()) for name in ("WEB_PORT", "DEBUG_PORT")}
    yield project
    project.run("fab", "stop")


def test_debugger(debugged: Project) -> None:
    """`fab debug`: an editor attaches, the site stops at a breakpoint in a view, and again after an edit."""
    file = debugged.folder / VIEW
    line = file.read_text().splitlines().index('    return HttpResponseRedirect(static("favicon.ico"))') + 1
    debugged.run("fab", "debug")
    url = f"http://localhost:{debugged.variables['WEB_PORT']}"
    editor = Debugger(int(debugged.variables["DEBUG_PORT"]))
    editor.configure()
    for _ in range(2):
        server = editor.attach_to_child()
        server.configure(str(file), line)
        with request_in_background(f"{url}/favicon.ico") as statuses:
            assert server.wait_for_stop() == (str(file), line)
            assert statuses == []
            server.resume()
        assert statuses == [200]
        server.close()
        write(debugged, VIEW, file.read_text() + "\n")
    editor.close()
    debugged.run("fab", "restart")
    wait_until(lambda: not attached(debugged))


def test_debugger_that_waits(debugged: Project) -> None:
    """`fab debug --wait` serves nothing before an editor has attached, which can stop it in the settings."""
    output = debugged.run("fab", "debug", "--wait").stdout
    assert f"localhost:{debugged.variables['DEBUG_PORT']}" in output
    assert "does not respond" in debugged.run("fab", "status").stdout
    editor = wait_until(lambda: attached(debugged))
    editor.configure()
    server = editor.attach_to_child()
    file = debugged.folder / "config" / "settings.py"
    line = file.read_text().splitlines().index("env = read()") + 1
    server.configure(str(file), line)
    assert server.wait_for_stop() == (str(file), line)
    server.resume()
    wait_until(lambda: "all is well" in debugged.run("fab", "status").stdout)


def attached(project: Project) -> Debugger | None:
    """Attach to the site, or return None while its debugger does not listen."""
    try:
        return Debugger(int(project.variables["DEBUG_PORT"]))
    except ConnectionRefusedError:
        return None


# --- Editors and machines -----------------------------------------------------------------


def test_line_endings_are_the_same_on_windows(repository: Project, tmp_path: Path) -> None:
    """A clone under core.autocrlf=true, as on Windows, has the same bytes, and its scripts run."""
    clone = tmp_path / "clone"
    git(repository, "-c", "core.autocrlf=true", "clone", "--quiet", str(repository.folder), str(clone))
    files = git(repository, "ls-files", "-z").stdout.rstrip("\0").split("\0")
    assert len(files) > 100
    for name in files:
        assert (clone / name).read_bytes() == (repository.folder / name).read_bytes(), name
    assert git(repository, "-C", str(clone), "status", "--porcelain").stdout == ""
    scripts = [*clone.glob("bash/*.sh"), *clone.glob(".devcontainer/*.sh")]
    for script in scripts:
        repository.run("bash", "-n", str(script))


def test_no_paths_differ_only_in_case(repository: Project) -> None:
    """No two paths differ only in case."""
    names = git(repository, "ls-files").stdout.splitlines()
    assert len({name.lower() for name in names}) == len(names)
