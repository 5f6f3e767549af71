"""Fixtures and helpers for all tests: selected layers, generated projects, and their packages."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.production import Production, Service, run_http_service
from tests.project import INSIDE, Install, Project, install_packages
from tools import PROJECT_TEMPLATE, TEMPLATE, programs

HERE = Path(__file__).resolve().parent
CACHE = (TEMPLATE / ".cache").resolve()
# Debian's Chromium, or Chrome on GitHub's runners; without either, Playwright's own.
CHROMIUM = next(filter(None, map(shutil.which, programs.CHROMIUM)), None)

WITHOUT_NETWORK = programs.WITHOUT_NETWORK

# The author of commits.
AUTHOR = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}

Bake = Callable[..., Path]
Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_configure(config: pytest.Config) -> None:
    """Fail before the first test if a program that a selected layer needs is not installed."""
    if message := programs.report_missing(layer for layer in programs.LAYERS if is_selected(layer, config)):
        raise pytest.UsageError(message)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the tests that run inside a project, and layers that are not selected by marker or path."""
    if collection_path == INSIDE:
        return True
    layer = get_layer(collection_path)
    return True if layer and not is_selected(layer, config) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its layer: the name of its folder."""
    for item in items:
        if layer := get_layer(item.path):
            item.add_marker(layer)


def get_layer(path: Path) -> str:
    """Return the layer of a test file or folder, or "" for the quick tests."""
    name = path.relative_to(HERE).parts[:1] if path.is_relative_to(HERE) else ()
    return name[0] if name and name[0] in programs.LAYERS else ""


def is_selected(layer: str, config: pytest.Config) -> bool:
    """Return whether a layer is selected: `pytest -m LAYER`, `pytest tests/LAYER` or a file in it."""
    paths = [Path(config.invocation_params.dir, word.partition("::")[0]) for word in config.args]
    markers = re.findall(r"(?<!not )\b\w+", config.option.markexpr)
    return layer in markers or layer in {get_layer(path.resolve()) for path in paths}


@pytest.fixture(autouse=True, scope="session")
def _clear_environment() -> None:
    """Unset variables of the caller's shell that would affect a generated project."""
    for name in ("DEBUG", "DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"):
        os.environ.pop(name, None)


@pytest.fixture
def bake(cookies) -> Bake:
    """Return a function that generates a project with these answers and returns its folder."""

    def bake(**answers: str) -> Path:
        result = cookies.bake(extra_context=answers)
        if result.exception:
            raise result.exception
        return result.project_path

    return bake


@pytest.fixture(scope="session")
def bake_once(cookies_session) -> Bake:
    """Return the same function, cached for each set of answers. Tests must not change these projects."""

    @cache
    def bake_once(**answers: str) -> Path:
        result = cookies_session.bake(extra_context=answers)
        if result.exception:
            raise result.exception
        return result.project_path

    return bake_once


@pytest.fixture(scope="session")
def default_project(bake_once: Bake) -> Path:
    """Return a project with the default answers. Tests must not change it."""
    return bake_once()


@pytest.fixture
def cookiecutter(tmp_path: Path) -> Command:
    """Return a function that runs the `cookiecutter` command in a temporary folder.

    It takes the command's arguments, a `prefix` of words before it, and any option of subprocess.run.
    """
    config = tmp_path / "cookiecutter-config.yml"
    config.write_text(f"replay_dir: {tmp_path / 'replay'}\ncookiecutters_dir: {tmp_path / 'templates'}\n")

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        folder = options.setdefault("cwd", tmp_path)
        environment = {**options.pop("env", os.environ), "PWD": str(folder)}
        prefix = options.pop("prefix", [])
        command = [*prefix, sys.executable, "-m", "cookiecutter", "--config-file", config, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="session")
def project_virtualenv(default_project: Path) -> Path:
    """Return a virtual environment with the default project's locked packages, cached in .cache.

    It includes Node if this machine's Node is older than .nvmrc: use `project_variables`.
    """
    return get_virtualenv(default_project, *get_node_options())


@pytest.fixture(scope="session")
def project_variables(project_virtualenv: Path) -> dict[str, str]:
    """Return environment variables with which `python`, `fab`, `node` and `npm` are the project's."""
    return get_variables(project_virtualenv)


@pytest.fixture(scope="session")
def node_modules(project_variables: dict[str, str]) -> Path:
    """Return node_modules as in the template's package-lock.json, cached in .cache."""
    files = [PROJECT_TEMPLATE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    return install_npm_packages("node_modules", files, project_variables) / "node_modules"


@pytest.fixture(scope="session")
def install(node_modules: Path) -> Install:
    """Return a function that installs a project's locked packages from the cache, as `fab setup` would."""

    def install(folder: Path) -> Project:
        environment = get_virtualenv(folder, *get_node_options())
        return install_packages(folder, environment, node_modules, get_variables(environment))

    return install


@pytest.fixture
def project(default_project: Path, install: Install, tmp_path: Path) -> Project:
    """Return a project with the default answers and its packages installed."""
    return install(shutil.copytree(default_project, tmp_path / "project" / default_project.name))


@pytest.fixture(scope="session")
def production(cookies_session, install: Install) -> Production:
    """Return a project that can be served as the image serves it."""
    return Production(install(cookies_session.bake().project_path))


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a mock of an HTTP service, which accepts and records every request."""
    with run_http_service() as service:
        yield service


def load_hook(name: str) -> ModuleType:
    """Return a hook of the template as a module."""
    spec = spec_from_file_location(name, TEMPLATE / "hooks" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_tool(name: str) -> Path:
    """Return the path of a linter: in this environment, or in one with the template's locked packages."""
    here = Path(sys.executable).with_name(name)
    return here if here.exists() else get_virtualenv(TEMPLATE) / "bin" / name


def get_virtualenv(project: Path, *options: str) -> Path:
    """Return a virtual environment with this project's locked packages, cached in .cache."""
    files = [project / "pyproject.toml", project / "poetry.lock"]
    kind = "-".join(["environment", *options[1:]])

    def install(folder: Path) -> None:
        # Link the packages of a similar environment: faster than unpacking them again.
        others = [other.parent for other in CACHE.glob(f"{kind}-????????????/complete")]
        if others:
            link_virtualenv(min(others, key=partial(estimate_install_time, project)), folder)
        for file in files:
            shutil.copy(file, folder)
        poetry = PROJECT_TEMPLATE / "fabfile" / "poetry.py"
        subprocess.run(
            [sys.executable, "-B", poetry, "sync", "--no-interaction", *options], cwd=folder, check=True
        )
        # Nothing writes bytecode later, and without it each command takes seconds to import Django. Some
        # packages contain templates that do not compile, so the exit code is ignored.
        compile_all = [folder / ".venv" / "bin" / "python", "-m", "compileall", "-qq", "-j0"]
        subprocess.run([*compile_all, folder / ".venv" / "lib"])

    # By the lock alone: pyproject.toml also differs in the project's name.
    return make_once(f"{kind}-{hash_files(files[1])}", install) / ".venv"


def estimate_install_time(project: Path, other: Path) -> int:
    """Estimate how long Poetry takes to turn another project's environment into this one's, in 0.2 s."""
    needed, installed = [
        {(package["name"], package["version"]) for package in tomllib.loads(text)["package"]}
        for text in ((folder / "poetry.lock").read_text(encoding="utf-8") for folder in (project, other))
    ]
    # Removing a package takes longer than unpacking one.
    return len(needed - installed) + 4 * len(installed - needed)


def link_virtualenv(source: Path, target: Path) -> None:
    """Copy a folder's virtual environment into another folder, with hard links and adapted commands."""
    # Tests write a poetry.lock into the environment.
    ignored = shutil.ignore_patterns("poetry.lock")
    shutil.copytree(source / ".venv", target / ".venv", symlinks=True, copy_function=os.link, ignore=ignored)
    for command in (target / ".venv" / "bin").iterdir():
        text = b"" if command.is_symlink() else command.read_bytes()
        if bytes(source) in text:
            mode = command.stat().st_mode
            command.unlink()
            command.write_bytes(text.replace(bytes(source), bytes(target)))
            command.chmod(mode)


def get_variables(environment: Path) -> dict[str, str]:
    """Return environment variables with which `python`, `fab`, `node` and `npm` are this environment's."""
    return {
        **os.environ,
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(environment),
        # A test can edit a file twice within a second, which is the resolution of bytecode timestamps.
        "PYTHONDONTWRITEBYTECODE": "1",
        # Each test process reads the packages' types once.
        "MYPY_CACHE_DIR": str(CACHE / f"mypy-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"),
    }


def install_npm_packages(name: str, files: list[Path], variables: dict[str, str]) -> Path:
    """Return a folder with these files and the npm packages that they lock, cached in .cache."""

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        subprocess.run(["npm", "ci"], cwd=folder, env=variables, check=True)

    return make_once(f"{name}-{hash_files(*files)}", install)


def make_repository(folder: Path) -> None:
    """Make the folder a git repository with one commit of all its files on `main`."""
    for words in ("init --quiet --initial-branch=main", "add --all", "commit --quiet --message=Begin"):
        run_git(folder, *words.split())


def run_git(folder: Path, *words: str) -> str:
    """Run git in a folder and return its output."""
    environment = {**os.environ, **AUTHOR}
    return subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def make_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder .cache/NAME; if it does not exist, create it while other workers wait."""
    folder = CACHE / name
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "complete").touch()
    return folder


def hash_files(*files: Path) -> str:
    """Return a short hash of the contents of these files."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def get_node_options() -> list[str]:
    """Return the Poetry options that install Node, if this machine has no Node that is new enough."""
    return [] if has_node_locally() else ["--with", "node"]


def has_node_locally() -> bool:
    """Return whether the Node on PATH is at least the version in .nvmrc."""
    node = shutil.which("node")
    if not node:
        return False
    output = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    minimum = (PROJECT_TEMPLATE / ".nvmrc").read_text().strip()
    return int(output.lstrip("v").split(".")[0]) >= int(minimum)
