"""The last words of a generation: commands that fit the machine."""

import time
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, Command

ENGINE_ANSWERS = 'case "$1" in version) echo 28.5;; *) exit 1;; esac'
ENGINE_AND_COMPOSE_ANSWER = "echo 28.5"

IN_DOCKER = ["cd my_site", "fab build", "fab start"]
ON_THE_HOST = ["cd my_site", "fab setup", "fab start"]


@pytest.mark.parametrize(
    ("tools", "commands"),
    [
        ({"fab": "", "docker": ENGINE_AND_COMPOSE_ANSWER}, IN_DOCKER),
        ({"fab": "", "docker": ENGINE_ANSWERS, "docker-compose": ""}, IN_DOCKER),
        ({"fab": "", "docker": ENGINE_ANSWERS}, ON_THE_HOST),
        ({"fab": "", "docker": "exit 1"}, ON_THE_HOST),
        ({"fab": "", "docker": "exec sleep 600"}, ON_THE_HOST),
        ({"fab": ""}, ON_THE_HOST),
        (
            {"uvx": "", "pipx": ""},
            [command.replace("fab ", "uvx --from fabric fab ") for command in ON_THE_HOST],
        ),
        ({"pipx": ""}, ["cd my_site", "pipx install fabric", "fab setup", "fab start"]),
    ],
)
def test_commands(tools: dict[str, str], commands: list[str], cookiecutter: Command, tmp_path: Path) -> None:
    """Docker where an engine and Compose answer at once, else this machine; Fabric from where it is."""
    assert printed(tools, cookiecutter, tmp_path) == commands


def test_commands_without_any_tool(cookiecutter: Command, tmp_path: Path) -> None:
    """With Python alone, Fabric gets an environment of its own, and is called from there."""
    _, install, setup, start = printed({}, cookiecutter, tmp_path)

    assert "pip install fabric" in install
    assert setup.endswith("/bin/fab setup")
    assert start.endswith("/bin/fab start")


def test_a_silent_engine_is_not_waited_for(cookiecutter: Command, tmp_path: Path) -> None:
    """An engine that does not answer costs about a second."""
    printed({"docker": "exit 1"}, cookiecutter, tmp_path / "quick")
    started = time.monotonic()
    printed({"docker": "exec sleep 60"}, cookiecutter, tmp_path / "slow")

    assert time.monotonic() - started < 60


def test_output_folder_is_quoted(cookiecutter: Command, tmp_path: Path) -> None:
    """The way into the project is one a shell understands."""
    done = cookiecutter(TEMPLATE, "--no-input", "--output-dir", "my sites")

    assert "cd 'my sites/my_site'" in done.stdout


def printed(tools: dict[str, str], cookiecutter: Command, folder: Path) -> list[str]:
    """Generate on a machine with these tools alone, and return the commands, which are indented."""
    path = folder / "bin"
    path.mkdir(parents=True)
    (path / "sleep").symlink_to("/bin/sleep")
    for name, script in tools.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    done = cookiecutter(TEMPLATE, "--no-input", cwd=folder, env={"PATH": str(path)})
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
