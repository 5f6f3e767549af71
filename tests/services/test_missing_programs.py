"""A missing program is reported in one line with the command to run, and nothing is left half done."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import WITHOUT_NETWORK
from tests.project import Project


@pytest.fixture
def without(project: Project, tmp_path: Path):
    """Return a function that takes these commands off the project's PATH, and adds scripts for others."""

    def without(*names: str, **scripts: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for place in project.variables["PATH"].split(os.pathsep):
            for command in Path(place).glob("*"):
                link = folder / command.name
                if command.name not in names and not link.exists() and not command.is_dir():
                    link.symlink_to(command)
        for name, text in scripts.items():
            script = folder / name.replace("_", "-")
            script.unlink(missing_ok=True)
            script.write_text(f"#!/bin/sh\n{text}\n")
            script.chmod(0o755)
        project.variables["PATH"] = str(folder)

    del project.variables["RUN_IN"]
    return without


def settings_of(project: Project) -> str:
    """Return the project's `.env`."""
    return (project.folder / ".env").read_text()


def test_without_docker_the_site_runs_on_the_host(project: Project, without) -> None:
    """Without Docker the tasks run on the host, and say so."""
    without("docker", "docker-compose")
    printed = project.run("fab", "manage", "check").stdout
    assert "Docker is not installed" in printed
    assert "RUN_IN=host" in settings_of(project)


@pytest.mark.parametrize(
    ("scripts", "problem"),
    [
        ({}, "Docker is not installed"),
        ({"docker": "exit 1"}, "Docker's engine does not respond"),
        ({"docker": '[ "$1" = info ]'}, "Docker Compose 2 is not installed"),
        (
            {"docker": '[ "$1" = info ]', "docker_compose": "echo 1.29.2"},
            "Docker Compose 2 is not installed",
        ),
    ],
    ids=["no docker", "no engine", "no compose", "compose 1"],
)
@pytest.mark.parametrize("task", ["build", "start", "sh"])
def test_unusable_docker_is_reported_in_one_line(
    project: Project, without, task: str, scripts: dict[str, str], problem: str
) -> None:
    """Docker missing, stopped or without Compose 2: one line that says which, and the command to run."""
    without("docker", "docker-compose", **scripts)
    refused = project.run("fab", task, check=False, RUN_IN="docker")
    assert refused.returncode == 1
    assert problem in refused.stdout
    assert "RUN_IN=host" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_standalone_docker_compose_is_used(project: Project, without) -> None:
    """If only `docker-compose` is installed, in version 2, it is used."""
    without(
        "docker-compose",
        docker='[ "$1" = info ]',
        docker_compose='case "$1" in version) echo 2.40.0 ;; ls) echo "[]" ;; *) echo "called: $*" ;; esac',
    )
    assert "called: build" in project.run("fab", "build", RUN_IN="docker").stdout


def test_an_unknown_run_in_is_reported(project: Project) -> None:
    """A mistyped RUN_IN is named."""
    refused = project.run("fab", "manage", "check", check=False, RUN_IN="moon")
    assert refused.returncode == 1
    assert "RUN_IN is 'moon'" in refused.stdout


def test_tasks_before_setup_say_to_run_it(project: Project) -> None:
    """A task before `fab setup` says to run that."""
    (project.folder / ".venv").unlink()
    refused = project.run("fab", "manage", "check", check=False, RUN_IN="host")
    assert refused.returncode == 1
    assert "Type: fab setup" in refused.stdout


def test_setup_replaces_packages_of_another_folder(project: Project) -> None:
    """`fab setup` in a folder that was renamed installs the packages again, and tasks work."""
    environment = (project.folder / ".venv").resolve()
    (project.folder / ".venv").unlink()
    shutil.copytree(environment, project.folder / ".venv", symlinks=True, copy_function=os.link)
    assert "Ready" in project.run("fab", "setup", RUN_IN="host").stdout
    command = (project.folder / ".venv" / "bin" / "django-admin").read_text()
    assert str(project.folder.resolve()) in command.splitlines()[0]
    assert "no issues" in project.run("fab", "manage", "check", RUN_IN="host").stdout


def test_setup_without_a_network(project: Project, without, tmp_path: Path) -> None:
    """Without Poetry and without a network one line says so, and nothing half-installed is left."""
    without("poetry", "uvx")
    (project.folder / ".venv").unlink()
    refused = project.run(
        *WITHOUT_NETWORK,
        "fab",
        "setup",
        check=False,
        RUN_IN="host",
        XDG_CACHE_HOME=str(tmp_path),
        PIP_RETRIES="0",
    )
    assert refused.returncode == 1
    assert "Poetry 2.5.1 could not be installed: check the network" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not list(tmp_path.glob("poetry-*"))
