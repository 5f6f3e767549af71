"""A missing program is reported in one line with the command to run, and nothing is left half done."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import WITHOUT_NETWORK
from tests.project import Project


@pytest.fixture
def remove_commands(project: Project, tmp_path: Path):
    """Return a function that removes commands from the project's PATH, and adds scripts."""

    def remove_commands(*names: str, **scripts: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for directory in project.variables["PATH"].split(os.pathsep):
            for command in Path(directory).glob("*"):
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
    return remove_commands


def read_env_file(project: Project) -> str:
    """Return the project's `.env`."""
    return (project.folder / ".env").read_text()


def test_without_docker_tasks_run_on_the_host(project: Project, remove_commands) -> None:
    """Without Docker the tasks run on the host, and say so."""
    remove_commands("docker", "docker-compose")
    output = project.run("fab", "manage", "check").stdout
    assert "Docker is not installed" in output
    assert "RUN_IN=host" in read_env_file(project)


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
def test_unusable_docker_is_reported(
    project: Project, remove_commands, task: str, scripts: dict[str, str], problem: str
) -> None:
    """If Docker or Compose 2 is missing, or Docker is not running, one line says so and what to do."""
    remove_commands("docker", "docker-compose", **scripts)
    result = project.run("fab", task, check=False, RUN_IN="docker")
    assert result.returncode == 1
    assert problem in result.stdout
    assert "RUN_IN=host" in result.stdout
    assert "Traceback" not in result.stdout


def test_standalone_docker_compose_is_used(project: Project, remove_commands) -> None:
    """If only the standalone `docker-compose` 2 is installed, it is used."""
    remove_commands(
        "docker-compose",
        docker='case "$1" in info | ps | volume) ;; *) exit 1 ;; esac',
        docker_compose='case "$1" in version) echo 2.40.0 ;; *) echo "called: $*" ;; esac',
    )
    assert "called: build" in project.run("fab", "build", RUN_IN="docker").stdout


def test_unknown_run_in_is_reported(project: Project) -> None:
    """An unknown value of RUN_IN is reported."""
    result = project.run("fab", "manage", "check", check=False, RUN_IN="moon")
    assert result.returncode == 1
    assert "RUN_IN is 'moon'" in result.stdout


def test_tasks_before_setup(project: Project) -> None:
    """Before `fab setup`, other tasks say to run it."""
    (project.folder / ".venv").unlink()
    result = project.run("fab", "manage", "check", check=False, RUN_IN="host")
    assert result.returncode == 1
    assert "Type: fab setup" in result.stdout


def test_setup_after_the_project_was_moved(project: Project) -> None:
    """After a project is moved, `fab setup` installs its packages again."""
    environment = (project.folder / ".venv").resolve()
    (project.folder / ".venv").unlink()
    shutil.copytree(environment, project.folder / ".venv", symlinks=True, copy_function=os.link)
    assert "Ready" in project.run("fab", "setup", RUN_IN="host").stdout
    command = (project.folder / ".venv" / "bin" / "django-admin").read_text()
    assert str(project.folder.resolve()) in command.splitlines()[0]
    assert "no issues" in project.run("fab", "manage", "check", RUN_IN="host").stdout


def test_setup_without_a_network(project: Project, remove_commands, tmp_path: Path) -> None:
    """If `fab setup` cannot install Poetry, one line says so, and nothing is left half installed."""
    remove_commands("poetry", "uvx")
    (project.folder / ".venv").unlink()
    result = project.run(
        *WITHOUT_NETWORK,
        "fab",
        "setup",
        check=False,
        RUN_IN="host",
        XDG_CACHE_HOME=str(tmp_path),
        PIP_RETRIES="0",
    )
    assert result.returncode == 1
    assert "Poetry 2.5.1 could not be installed: check the network" in result.stdout
    assert "Traceback" not in result.stdout
    assert not list(tmp_path.glob("poetry-*"))
