"""`.copier-answers.yml`: the origin of a project, which `fab update` needs."""

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
        run_git(template, *command.split())
    return template


def run_git(folder: Path, *arguments: str) -> str:
    """Run git with a fixed identity, independent of this machine's configuration."""
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{role}_NAME": "Somebody", f"GIT_{role}_EMAIL": "somebody@example.com"}
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **identity},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def read_origin(project: Path) -> dict[str, str]:
    """Return the content of the file."""
    return yaml.safe_load((project / ".copier-answers.yml").read_text("utf-8"))


def test_tag(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """`.copier-answers.yml` records the tag, the template's URL as entered, and all answers."""
    result = cookiecutter(tagged_template, "--no-input")

    assert result.returncode == 0, result.stderr
    expected = {**ANSWERS, "_src_path": str(tagged_template), "_commit": "v1.2"}
    assert read_origin(tmp_path / "my_site") == expected


def test_commit_after_tag(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """Between two tags, `.copier-answers.yml` records the output of `git describe`."""
    run_git(tagged_template, "commit", "--allow-empty", "--quiet", "--message=two")
    cookiecutter(tagged_template, "--no-input")

    version = run_git(tagged_template, "describe", "--tags")
    assert version.startswith("v1.2-1-g")
    assert read_origin(tmp_path / "my_site")["_commit"] == version


def test_url_of_a_remote_template(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """For a remote template, `.copier-answers.yml` records the URL as entered, not Cookiecutter's clone."""
    url = f"git+file://{tagged_template}"
    result = cookiecutter(url, "--no-input")

    assert result.returncode == 0, result.stderr
    assert read_origin(tmp_path / "my_site") == {**ANSWERS, "_src_path": url, "_commit": "v1.2"}


def test_relative_path(tagged_template: Path, cookiecutter: Command) -> None:
    """`.copier-answers.yml` records a relative path relative to the project, where updates run."""
    result = cookiecutter("slipway", "--no-input", "--output-dir", "sites", cwd=tagged_template.parent)

    assert result.returncode == 0, result.stderr
    origin = read_origin(tagged_template.parent / "sites" / "my_site")
    assert origin["_src_path"] == "../../slipway"
    assert origin["_commit"] == "v1.2"


def test_template_without_git(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """For a template without git, `.copier-answers.yml` records no version."""
    shutil.rmtree(tagged_template / ".git")
    cookiecutter(tagged_template, "--no-input")

    assert "_commit" not in read_origin(tmp_path / "my_site")


def test_template_inside_another_repository(
    tagged_template: Path, cookiecutter: Command, tmp_path: Path
) -> None:
    """`.copier-answers.yml` does not record the version of a repository that contains the template."""
    shutil.move(tagged_template / ".git", tagged_template.parent / ".git")
    cookiecutter(tagged_template, "--no-input")

    assert "_commit" not in read_origin(tmp_path / "my_site")


def test_repository_without_a_commit(tagged_template: Path, cookiecutter: Command, tmp_path: Path) -> None:
    """For a repository without a commit, `.copier-answers.yml` records no version."""
    shutil.rmtree(tagged_template / ".git")
    run_git(tagged_template, "init", "--quiet")
    result = cookiecutter(tagged_template, "--no-input")

    assert result.returncode == 0, result.stderr
    assert "_commit" not in read_origin(tmp_path / "my_site")
