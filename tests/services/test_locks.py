"""The lock files: valid as shipped, updated on request, and kept if the update fails."""

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE, WITHOUT_NETWORK, Bake, Command
from tests.production import poll, run_silent_server
from tests.project import find_processes
from tools import combinations, lock_file

LOCKS = ["poetry.lock", "package-lock.json"]
LATEST = {"SLIPWAY_LOCK": "latest"}
# Prints the projects whose poetry.lock is missing or out of date.
PRINT_OUTDATED = """
import sys
from pathlib import Path
from poetry.factory import Factory
for project in sys.argv[1:]:
    locker = Factory().create_poetry(Path(project)).locker
    if not (locker.is_locked() and locker.is_fresh()):
        print(project)
"""


@pytest.fixture(scope="module")
def tested_locks(default_project: Path) -> dict[str, bytes]:
    """Return the lock files of a default project."""
    return {name: (default_project / name).read_bytes() for name in LOCKS}


def use_registry(url: str) -> dict[str, str]:
    """Return an environment in which Poetry, pip and npm use the registry at this URL."""
    return {
        **os.environ,
        **LATEST,
        "POETRY_PYPI_MIRROR_URL": f"{url}/simple/",
        "npm_config_registry": f"{url}/",
        "npm_config_cache": os.devnull,
        "POETRY_CACHE_DIR": os.devnull,
    }


@pytest.fixture
def silent_registry() -> Iterator[str]:
    """Return the URL of a registry that accepts connections and never responds."""
    with run_silent_server() as port:
        yield f"http://127.0.0.1:{port}"


# --- As shipped ----------------------------------------------------------------------------------


def test_poetry_lock_is_valid(bake: Bake) -> None:
    """Poetry accepts a project and its poetry.lock, with unusual names too."""
    project = bake(author='Bob "the" O\'Neil, & Söhne 🎉 <bob@example.org>', description="a \\ b")
    result = run_poetry(project, "check", "--lock")
    assert result.returncode == 0, result.stdout + result.stderr


def test_poetry_lock_is_valid_for_each_combination(bake: Bake, tmp_path: Path) -> None:
    """Poetry accepts the poetry.lock of each combination of answers; no lock contains a registry's URL."""
    locks, projects = {}, []
    for combination in combinations.list_combinations():
        project = bake(project_slug="_".join(combination), **combinations.get_answers(combination))
        projects.append(project)
        locks[combination] = (project / "poetry.lock").read_text(encoding="utf-8")
        assert not [
            package for package in tomllib.loads(locks[combination])["package"] if "source" in package
        ]
    assert lock_file.merge(locks) == (PROJECT_TEMPLATE / "poetry.lock").read_text(encoding="utf-8")
    # Like `poetry check --lock`, but with one start of Poetry for all projects.
    poetry_module = runpy.run_path(str(PROJECT_TEMPLATE / "fabfile" / "poetry.py"))
    python = poetry_module["ensure_environment"](poetry_module["PACKAGES"]) / "bin" / "python"
    result = subprocess.run([python, "-c", PRINT_OUTDATED, *projects], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr


def test_package_lock_is_valid(default_project: Path, project_variables: dict[str, str]) -> None:
    """Npm accepts package-lock.json."""
    result = subprocess.run(
        ["npm", "ci", "--dry-run", "--offline"],
        cwd=default_project,
        env=project_variables,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_package_lock_contains_no_registry(default_project: Path) -> None:
    """The file package-lock.json contains no registry's URL, not even the public one."""
    packages = json.loads((default_project / "package-lock.json").read_text())["packages"].values()
    assert not [package for package in packages if "resolved" in package]
    assert all("integrity" in package for package in packages if "version" in package)


# --- latest -----------------------------------------------------------------------------------------


def test_latest(cookiecutter: Command, tmp_path: Path) -> None:
    """`SLIPWAY_LOCK=latest` updates both lock files and adds no other file."""
    result = cookiecutter(TEMPLATE, "--no-input", env={**os.environ, **LATEST})
    project = tmp_path / "my_site"

    assert result.returncode == 0, result.stderr
    assert "fab lock" not in result.stdout, result.stdout
    assert run_poetry(project, "check", "--lock").returncode == 0
    assert "://" not in re.sub('"url": ".*"', "", (project / "package-lock.json").read_text("utf-8"))
    assert not [name for name in (".venv", "node_modules", ".env") if (project / name).exists()]


def test_latest_without_a_registry(
    cookiecutter: Command, tested_locks: dict[str, bytes], tmp_path: Path
) -> None:
    """If the update fails because no registry responds, generation succeeds with the tested lock files."""
    result = cookiecutter(TEMPLATE, "--no-input", env=use_registry("http://127.0.0.1:9"))

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("fab lock") == 2, result.stdout
    check_locks(tmp_path / "my_site", tested_locks)


def test_latest_offline(cookiecutter: Command, tested_locks: dict[str, bytes], tmp_path: Path) -> None:
    """If there is no network, generation succeeds with the tested lock files within a minute."""
    start = time.monotonic()
    # With a full cache, npm needs no network.
    empty_cache = {**os.environ, **LATEST, "npm_config_cache": str(tmp_path / "npm")}
    result = cookiecutter(TEMPLATE, "--no-input", prefix=WITHOUT_NETWORK, env=empty_cache)

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("fab lock") == 2, result.stdout
    assert time.monotonic() - start < 60
    check_locks(tmp_path / "my_site", tested_locks)


def test_latest_without_npm(cookiecutter: Command, tested_locks: dict[str, bytes], tmp_path: Path) -> None:
    """The lock files are updated independently: without npm, poetry.lock is still updated."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "env", "git", "uname"):
        (tools / name).symlink_to(shutil.which(name))
    result = cookiecutter(TEMPLATE, "--no-input", env={**os.environ, **LATEST, "PATH": str(tools)})

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("fab lock") == 1, result.stdout
    check_locks(tmp_path / "my_site", {"package-lock.json": tested_locks["package-lock.json"]})


# --- Ctrl-C --------------------------------------------------------------------------------------------


def test_interrupted(silent_registry: str, tmp_path: Path) -> None:
    """Ctrl-C during the update of the lock files leaves no file and no process."""
    interrupt_latest(tmp_path, silent_registry)

    assert not (tmp_path / "out" / "my_site").exists()


def test_interrupted_over_an_existing_project(
    cookiecutter: Command, silent_registry: str, tmp_path: Path
) -> None:
    """Ctrl-C during generation over an existing project does not delete it."""
    cookiecutter(TEMPLATE, "--no-input", "--output-dir", "out")
    work = tmp_path / "out" / "my_site" / "work.txt"
    work.write_text("Weeks of it")
    interrupt_latest(tmp_path, silent_registry, "--overwrite-if-exists")

    assert work.read_text() == "Weeks of it"


def interrupt_latest(folder: Path, registry: str, *options: str) -> None:
    """Generate with the newest versions and press Ctrl-C while a package manager runs."""
    command = [sys.executable, "-m", "cookiecutter", TEMPLATE, "--no-input", "--output-dir", folder / "out"]
    process = subprocess.Popen(
        [*command, *options],
        env=use_registry(registry),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    process.stdout.readline()
    assert poll(10, lambda: find_processes(folder / "out"))
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=20)
    process.stdout.read()
    poll(10, lambda: not find_processes(folder / "out"))

    assert process.returncode != 0
    assert not find_processes(folder / "out")


def run_poetry(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Poetry in the project."""
    command = [sys.executable, "fabfile/poetry.py", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def check_locks(project: Path, locks: dict[str, bytes]) -> None:
    """Fail unless these lock files are the template's, with mode 644."""
    for name, content in locks.items():
        assert (project / name).read_bytes() == content
        assert (project / name).stat().st_mode & 0o777 == 0o644
