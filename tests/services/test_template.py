"""The template itself: what its documents say to type, and what its own CI runs."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import documents, terminal, workflow
from tests.conftest import AUTHOR, TEMPLATE, make_repository
from tests.production import find_free_port

ADDRESS = "https://github.com/org/slipway.git"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository with the template as it is now, and nothing that git ignores."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=TEMPLATE, check=True, capture_output=True, text=True).stdout
    folder = tmp_path / "slipway"
    for name in filter(None, names.split("\0")):
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    make_repository(folder)
    return folder


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a new user who has Python, git and uv, and an empty home folder."""
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    subprocess.run([tools / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    home = tmp_path / "home"
    home.mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    path = f"{home}/.local/bin{os.pathsep}{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**variables, "HOME": str(home), "PATH": path, "TERM": "dumb"}


def runnable(document: Path) -> list[documents.Block]:
    """Return the shell blocks of a document that a test can run."""
    return [block for block in documents.read_blocks(document) if not block.skip_reason]


@pytest.mark.parametrize(
    "document", [*filter(runnable, documents.list_template_documents())], ids=lambda path: path.stem
)
def test_blocks(document: Path, clone: Path, newcomer: dict[str, str], tmp_path: Path) -> None:
    """The shell blocks of the template's documents, run in an empty folder, lead to the first page."""
    # A clone stands in for the repository on GitHub.
    variables = {
        **newcomer,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{clone}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "RUN_IN": "host",
        "WEB_PORT": str(find_free_port()),
    }
    folder = tmp_path / "empty"
    folder.mkdir()
    for block in runnable(document):
        print(terminal.run_block(block, folder, variables))
    try:
        with urlopen(f"http://localhost:{variables['WEB_PORT']}") as page:
            assert b"My Site" in page.read()
    finally:
        stop = ["uvx", "--from", "fabric", "fab", "stop"]
        subprocess.run(stop, cwd=folder / "my_site", env=variables, check=True)


def test_workflow(clone: Path, newcomer: dict[str, str], tmp_path: Path) -> None:
    """Every step of the template's workflow, in a clean clone; of the tests, which would recur, the list.

    A layer whose programs are not all here says so and is not listed.
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
            lacks = step.script.startswith("make test-") and "Missing for these tests" in result.stderr
            assert result.returncode == 0 or lacks, f"{job}: {step.script}\n{result.stdout}{result.stderr}"
        assert lacks or "tests collected" in result.stdout


def test_release(clone: Path) -> None:
    """`make release` heads the news with the day, commits and tags; without news or notes it does nothing."""
    day = datetime.now(UTC).strftime("%Y.%-m.%-d")
    assert release(clone).returncode == 0
    assert git(clone, "describe", "--tags") == day
    assert git(clone, "status", "--porcelain") == ""
    assert f"\n## {day}\n" in (clone / "CHANGELOG.md").read_text()

    refused = release(clone)
    assert refused.returncode != 0
    assert 'nothing under "## Unreleased"' in refused.stderr

    write_news(clone, "- More.\n")
    refused = release(clone)
    assert "not committed" in refused.stderr
    git(clone, "commit", "--all", "--message=News")
    assert "Upgrade notes" in release(clone).stderr
    write_news(clone, "- More.\n\n### Upgrade notes\n\n- Do this.\n")
    git(clone, "commit", "--all", "--message=Notes")
    assert release(clone).returncode == 0
    assert git(clone, "describe", "--tags") == f"{day}.1"

    git(clone, "switch", "--create", "work")
    assert "on main" in release(clone).stderr
    assert git(clone, "tag").split() == [day, f"{day}.1"]


def release(template: Path) -> subprocess.CompletedProcess[str]:
    """Make a release without the steps that this suite is part of."""
    command = ("make", "release", "RELEASE_STEPS=")
    return subprocess.run(command, cwd=template, env={**os.environ, **AUTHOR}, capture_output=True, text=True)


def write_news(template: Path, text: str) -> None:
    """Write what CHANGELOG.md says of what is not released."""
    changelog = template / "CHANGELOG.md"
    head, _, rest = changelog.read_text().partition("## Unreleased\n")
    _, mark, releases = rest.partition("\n## ")
    changelog.write_text(f"{head}## Unreleased\n\n{text}{mark}{releases}")


def git(folder: Path, *words: str) -> str:
    """Return what git prints in a folder."""
    return subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **AUTHOR}, check=True, capture_output=True, text=True
    ).stdout.strip()
