"""`.copier-answers.yml`: where the project came from, so that it can be updated."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import TEMPLATE, Command

ANSWERS = {
    "project_name": "My Site",
    "project_slug": "my_site",
    "description": "A website built with Django.",
    "author": "Your Name <you@example.com>",
    "api": "none",
    "sign_up": "staff",
    "cms": "none",
    "tasks": "none",
    "deploy": "none",
    "ci": "github",
}


@pytest.fixture
def tagged_template(tmp_path: Path) -> Path:
    """Return a small template in git, with this template's questions and hooks, tagged v1.2."""
    template = tmp_path / "sources" / "slipway"
    project = template / "<<cookiecutter.project_slug>>"
    project.mkdir(parents=True)
    (project / "README.md").write_text("Hello\n")
    shutil.copy(TEMPLATE / "cookiecutter.json", template)
    shutil.copytree(TEMPLATE / "hooks", template / "hooks")
    for command in ("init --quiet", "add .", "commit --quiet --message=one", "tag v1.2"):
        git(template, *command.split())
    return template


def git(folder: Path, *arguments: str) -> str:
    """Run git with a fixed identity, whatever this machine's settings are."""
    somebody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        somebody |= {f"GIT_{role}_NAME": "Somebody", f"GIT_{role}_EMAIL": "somebody@example.com"}
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **somebody},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def origin(project: Path) -> dict[str, str]:
    """Return what the file says."""
    return yaml.safe_load((project / ".copier-answers.yml").read_text("utf-8"))


def test_tag(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """The version is the tag, the URL is as entered, and all answers are recorded."""
    result = cookiecutter(tagged_template, "--no-input")

    assert result.returncode == 0, result.stderr
    expected = {**ANSWERS, "_src_path": str(tagged_template), "_commit": "v1.2"}
    assert origin(tmp_path / "my_site") == expected


def test_commit_after_tag(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """Between two tags the version is what `git describe` says."""
    git(tagged_template, "commit", "--allow-empty", "--quiet", "--message=two")
    cookiecutter(tagged_template, "--no-input")

    version = git(tagged_template, "describe", "--tags")
    assert version.startswith("v1.2-1-g")
    assert origin(tmp_path / "my_site")["_commit"] == version


def test_url_of_a_remote_template(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """A remote template: the URL as entered, not the path of cookiecutter's own clone."""
    url = f"git+file://{tagged_template}"
    result = cookiecutter(url, "--no-input")

    assert result.returncode == 0, result.stderr
    assert origin(tmp_path / "my_site") == {**ANSWERS, "_src_path": url, "_commit": "v1.2"}


def test_relative_path(tagged_template: Path, cookiecutter: Command) -> None:
    """A relative path is rewritten relative to the project, from where updates run."""
    result = cookiecutter("slipway", "--no-input", "--output-dir", "sites", cwd=tagged_template.parent)

    assert result.returncode == 0, result.stderr
    written = origin(tagged_template.parent / "sites" / "my_site")
    assert written["_src_path"] == "../../slipway"
    assert written["_commit"] == "v1.2"


def test_no_git_checkout(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """Without a version, none is invented."""
    shutil.rmtree(tagged_template / ".git")
    cookiecutter(tagged_template, "--no-input")

    assert "_commit" not in origin(tmp_path / "my_site")


def test_checkout_inside_another(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """The version of a repository that merely surrounds the template is not the template's."""
    shutil.move(tagged_template / ".git", tagged_template.parent / ".git")
    cookiecutter(tagged_template, "--no-input")

    assert "_commit" not in origin(tmp_path / "my_site")


def test_checkout_without_a_commit(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """If git reports no version, none is written."""
    shutil.rmtree(tagged_template / ".git")
    git(tagged_template, "init", "--quiet")
    result = cookiecutter(tagged_template, "--no-input")

    assert result.returncode == 0, result.stderr
    assert "_commit" not in origin(tmp_path / "my_site")
