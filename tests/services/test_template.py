"""The template itself: the commands in its documents, and its own CI and releases."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import documents, terminal, workflow
from tests.conftest import AUTHOR, TEMPLATE, make_repository, run_git
from tests.production import find_free_port

URL = "https://github.com/org/slipway.git"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository with the template's current files, without those that git ignores."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(command, cwd=TEMPLATE, check=True, capture_output=True, text=True).stdout
    folder = tmp_path / "slipway"
    for name in filter(None, names.split("\0")):
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    make_repository(folder)
    return folder


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a new user with Python, git and uv, and an empty home folder."""
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    subprocess.run([tools / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    home = tmp_path / "home"
    home.mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    path = f"{home}/.local/bin{os.pathsep}{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**variables, "HOME": str(home), "PATH": path, "TERM": "dumb"}


def list_runnable_blocks(document: Path) -> list[documents.Block]:
    """Return the shell blocks of a document that a test can run."""
    return [block for block in documents.read_blocks(document) if not block.skip_reason]


@pytest.mark.parametrize(
    "document",
    [*filter(list_runnable_blocks, documents.list_template_documents())],
    ids=lambda path: path.stem,
)
def test_documents(document: Path, clone: Path, newcomer: dict[str, str], tmp_path: Path) -> None:
    """The shell blocks of the template's documents, run in an empty folder, lead to the first page."""
    # Use a local clone instead of the repository on GitHub.
    variables = {
        **newcomer,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{clone}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
        "RUN_IN": "host",
        "WEB_PORT": str(find_free_port()),
    }
    folder = tmp_path / "empty"
    folder.mkdir()
    for block in list_runnable_blocks(document):
        print(terminal.run_block(block, folder, variables))
    try:
        with urlopen(f"http://localhost:{variables['WEB_PORT']}") as page:
            assert b"My Site" in page.read()
    finally:
        stop = ["uvx", "--from", "fabric", "fab", "stop"]
        subprocess.run(stop, cwd=folder / "my_site", env=variables, check=True)


def test_ci_workflow(clone: Path, newcomer: dict[str, str], tmp_path: Path) -> None:
    """Every step of the template's CI workflow succeeds in a clean clone.

    Tests are only collected, or report which programs are missing.
    """
    variables = {**newcomer, "PYTEST_ADDOPTS": "--collect-only --quiet"}
    jobs = workflow.read_github_workflow(TEMPLATE / ".github" / "workflows" / "ci.yml")
    assert jobs
    for job, steps in jobs.items():
        for step in steps:
            words = step.write_script(clone, tmp_path / "step.sh")
            result = subprocess.run(
                words, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900
            )
            lacks_programs = (
                step.script.startswith("make test-") and "Missing for these tests" in result.stderr
            )
            assert result.returncode == 0 or lacks_programs, (
                f"{job}: {step.script}\n{result.stdout}{result.stderr}"
            )
        assert lacks_programs or "tests collected" in result.stdout


def test_release(clone: Path) -> None:
    """`make release` dates the changes in CHANGELOG.md, commits and tags; it needs changes and notes."""
    day = datetime.now(UTC).strftime("%Y.%-m.%-d")
    assert make_release(clone).returncode == 0
    assert run_git(clone, "describe", "--tags") == day
    assert run_git(clone, "status", "--porcelain") == ""
    assert f"\n## {day}\n" in (clone / "CHANGELOG.md").read_text()

    result = make_release(clone)
    assert result.returncode != 0
    assert 'nothing under "## Unreleased"' in result.stderr

    write_changes(clone, "- More.\n")
    result = make_release(clone)
    assert "not committed" in result.stderr
    run_git(clone, "commit", "--all", "--message=News")
    assert "Upgrade notes" in make_release(clone).stderr
    write_changes(clone, "- More.\n\n### Upgrade notes\n\n- Do this.\n")
    run_git(clone, "commit", "--all", "--message=Notes")
    assert make_release(clone).returncode == 0
    assert run_git(clone, "describe", "--tags") == f"{day}.1"

    run_git(clone, "switch", "--create", "work")
    assert "on main" in make_release(clone).stderr
    assert run_git(clone, "tag").split() == [day, f"{day}.1"]


def make_release(template: Path) -> subprocess.CompletedProcess[str]:
    """Make a release without running the tests."""
    command = ("make", "release", "RELEASE_STEPS=")
    return subprocess.run(command, cwd=template, env={**os.environ, **AUTHOR}, capture_output=True, text=True)


def write_changes(template: Path, text: str) -> None:
    """Write the unreleased changes in CHANGELOG.md."""
    changelog = template / "CHANGELOG.md"
    head, _, rest = changelog.read_text().partition("## Unreleased\n")
    _, mark, releases = rest.partition("\n## ")
    changelog.write_text(f"{head}## Unreleased\n\n{text}{mark}{releases}")
