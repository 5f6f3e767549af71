"""Daily work without Docker: checks, hooks, the debugger, and selected tests."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import AUTHOR, WITHOUT_NETWORK, make_repository
from tests.debug_adapter import Debugger, request_in_background
from tests.production import find_free_port, wait_until
from tests.project import Project

BAD_STYLE = 'import os\nx = {  "a":1 }\n'
TYPE_ERROR = "import os\n\n\ndef broken() -> int:\n    return nothing\n"
UNTESTED = "def untested() -> None:\n" + "".join(f"    x = {n}\n" for n in range(900))
FAILING_TEST = "def test_wrong() -> None:\n    assert 4711 == 1\n"


@pytest.fixture
def repository(project: Project, tmp_path: Path) -> Project:
    """Return a project in git with its own home folder."""
    make_repository(project.folder)
    project.variables |= {**AUTHOR, "HOME": str(tmp_path / "home")}
    return project


# --- Checks -------------------------------------------------------------------------------


def test_check_with_fix(project: Project) -> None:
    """`fab check --fix` fixes Python, templates, styles and scripts, and lists the steps that fail.

    Low coverage fails `fab check`, but not `fab test`.
    """
    for name, (good, bad) in FIXABLE.items():
        text = (project.folder / name).read_text()
        assert good in text
        write_file(project, name, text.replace(good, bad, 1))
    assert project.run("fab", "lint", check=False).returncode == 1
    write_file(project, "apps/core/broken.py", TYPE_ERROR)
    write_file(project, "apps/core/tests/test_wrong.py", FAILING_TEST)
    write_file(project, "apps/accounts/untested.py", UNTESTED)
    result = project.run("fab", "check", "--fix", check=False)
    assert result.returncode == 1
    failures = result.stdout.rpartition("Failed, ")[2].splitlines()[1:]
    assert {line.split()[0] for line in failures} == {"ruff", "mypy", "pytest"}
    assert 'Name "nothing" is not defined' in result.stdout
    assert "assert 4711 == 1" in result.stdout
    assert "Coverage failure" in result.stdout
    assert "Traceback" not in result.stdout
    for name, (_, bad) in FIXABLE.items():
        assert bad not in (project.folder / name).read_text()
    project.run("fab", "test", "-k", "robots")


FIXABLE = {
    "apps/core/urls.py": ("from django", "import os\nfrom django"),
    "templates/404.html": ("  <p class", "<p   class"),
    "assets/scss/_print.scss": ("@media", "a{color:RED}\n@media"),
    "assets/js/main.js": ("import", "document.title='x'\nimport"),
}


def write_file(project: Project, name: str, text: str) -> None:
    """Write a file of the project."""
    (project.folder / name).write_text(text)


# --- Hooks --------------------------------------------------------------------------------


def run_git(project: Project, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git in the project without a network."""
    return project.run(*WITHOUT_NETWORK, "git", *words, check=check)


def test_hook_fixes_style(repository: Project) -> None:
    """The pre-commit hook fixes style and stops the commit, without a network; the next one passes."""
    repository.run("pre-commit", "install")
    write_file(repository, "apps/core/ugly.py", BAD_STYLE)
    write_file(repository, "apps/core/left alone.py", BAD_STYLE)
    run_git(repository, "add", "apps/core/ugly.py")
    result = run_git(repository, "commit", "--message=ugly", check=False)
    assert result.returncode == 1, result.stdout
    assert (repository.folder / "apps/core/ugly.py").read_text() == 'x = {"a": 1}\n'
    assert (repository.folder / "apps/core/left alone.py").read_text() == BAD_STYLE
    run_git(repository, "add", "apps/core/ugly.py")
    run_git(repository, "commit", "--message=tidy")
    assert run_git(repository, "show", "--format=", "--name-only").stdout.split() == ["apps/core/ugly.py"]


def test_hook_stops_a_commit_with_an_error(repository: Project) -> None:
    """The pre-commit hook stops a commit with an error that it cannot fix, and ignores documents."""
    repository.run("pre-commit", "install")
    write_file(repository, "apps/core/faulty file.py", "def f() -> int:\n    return nothing\n")
    run_git(repository, "add", "--all")
    result = run_git(repository, "commit", "--message=faulty", check=False)
    assert result.returncode == 1
    assert "Undefined name `nothing`" in result.stdout
    run_git(repository, "rm", "--cached", "--quiet", "apps/core/faulty file.py")
    write_file(repository, "docs/more.md", "  More.  \n")
    run_git(repository, "add", "docs")
    run_git(repository, "commit", "--message=words")


# --- Selected tests -----------------------------------------------------------------------


def test_number_of_processes(project: Project) -> None:
    """All tests run on all processors; selected tests, and tests with --pdb, run in one process."""
    assert "[gw0]" in project.run("fab", "test", "--arguments=-v apps/core").stdout
    assert "[gw0]" not in project.run("fab", "test", "-k", "robots", "--arguments=-v").stdout
    file = "apps/core/tests/test_health.py"
    assert "[gw0]" not in project.run("fab", "test", f"--arguments=-v {file}").stdout
    write_file(project, "apps/core/tests/test_wrong.py", FAILING_TEST)
    result = project.run("fab", "test", "--pdb", "--arguments=apps/core", check=False)
    assert "(Pdb)" in result.stdout


# --- The debugger -------------------------------------------------------------------------

VIEW = "apps/core/views.py"


@pytest.fixture
def debug_project(project: Project) -> Iterator[Project]:
    """Return a project on free ports, whose site is stopped at the end."""
    project.variables |= {name: str(find_free_port()) for name in ("WEB_PORT", "DEBUG_PORT")}
    yield project
    project.run("fab", "stop")


def test_debugger(debug_project: Project) -> None:
    """After `fab debug` an editor can attach and stop at a breakpoint in a view, again after an edit."""
    file = debug_project.folder / VIEW
    line = file.read_text().splitlines().index('    return HttpResponseRedirect(static("favicon.ico"))') + 1
    debug_project.run("fab", "debug")
    url = f"http://localhost:{debug_project.variables['WEB_PORT']}"
    editor = Debugger(int(debug_project.variables["DEBUG_PORT"]))
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
        write_file(debug_project, VIEW, file.read_text() + "\n")
    editor.close()
    debug_project.run("fab", "restart")
    wait_until(lambda: not attach(debug_project))


def test_debugger_that_waits(debug_project: Project) -> None:
    """`fab debug --wait` waits for an editor, which can then stop at a breakpoint in the settings."""
    output = debug_project.run("fab", "debug", "--wait").stdout
    assert f"localhost:{debug_project.variables['DEBUG_PORT']}" in output
    assert "does not respond" in debug_project.run("fab", "status").stdout
    editor = wait_until(lambda: attach(debug_project))
    editor.configure()
    server = editor.attach_to_child()
    file = debug_project.folder / "config" / "settings.py"
    line = file.read_text().splitlines().index("env = read()") + 1
    server.configure(str(file), line)
    assert server.wait_for_stop() == (str(file), line)
    server.resume()
    wait_until(lambda: "all is well" in debug_project.run("fab", "status").stdout)


def attach(project: Project) -> Debugger | None:
    """Attach to the site; return None while its debugger does not listen."""
    try:
        return Debugger(int(project.variables["DEBUG_PORT"]))
    except ConnectionRefusedError:
        return None


# --- Operating systems --------------------------------------------------------------------


def test_clone_on_windows(repository: Project, tmp_path: Path) -> None:
    """A clone with core.autocrlf=true, as on Windows, has the same bytes, and its scripts are valid."""
    clone = tmp_path / "clone"
    run_git(repository, "-c", "core.autocrlf=true", "clone", "--quiet", str(repository.folder), str(clone))
    files = run_git(repository, "ls-files", "-z").stdout.rstrip("\0").split("\0")
    assert len(files) > 100
    for name in files:
        assert (clone / name).read_bytes() == (repository.folder / name).read_bytes(), name
    assert run_git(repository, "-C", str(clone), "status", "--porcelain").stdout == ""
    scripts = [*clone.glob("bash/*.sh"), *clone.glob(".devcontainer/*.sh")]
    for script in scripts:
        repository.run("bash", "-n", str(script))


def test_no_paths_differ_only_in_case(repository: Project) -> None:
    """No two paths in a project differ only in case."""
    names = run_git(repository, "ls-files").stdout.splitlines()
    assert len({name.lower() for name in names}) == len(names)
