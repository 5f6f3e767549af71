"""Fixtures for all layers of tests: which of them run, generated projects, and their packages."""

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

from tests.production import Production, Service, listening
from tests.project import INSIDE, Install, Project, installed
from tools import PROJECT_TEMPLATE, TEMPLATE, programs

HERE = Path(__file__).resolve().parent
CACHE = (TEMPLATE / ".cache").resolve()
# Debian's, or the Chrome of GitHub's machines; without one, Playwright's own.
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
    """Refuse to begin while a program is missing that a layer asked for needs."""
    if message := programs.report(layer for layer in programs.LAYERS if is_asked_for(layer, config)):
        raise pytest.UsageError(message)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what runs inside a project, and a layer that was not asked for, by marker or by path."""
    if collection_path == INSIDE:
        return True
    layer = layer_of(collection_path)
    return True if layer and not is_asked_for(layer, config) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its layer, which is its folder's name."""
    for item in items:
        if layer := layer_of(item.path):
            item.add_marker(layer)


def layer_of(path: Path) -> str:
    """Return the layer that a file or folder of tests belongs to, or "" for the quick ones."""
    name = path.relative_to(HERE).parts[:1] if path.is_relative_to(HERE) else ()
    return name[0] if name and name[0] in programs.LAYERS else ""


def is_asked_for(layer: str, config: pytest.Config) -> bool:
    """Return whether the layer is named: `pytest -m LAYER`, `pytest tests/LAYER` or a file in it."""
    paths = [Path(config.invocation_params.dir, word.partition("::")[0]) for word in config.args]
    markers = re.findall(r"(?<!not )\b\w+", config.option.markexpr)
    return layer in markers or layer in {layer_of(path.resolve()) for path in paths}


@pytest.fixture(autouse=True, scope="session")
def _plain_machine() -> None:
    """Hide what the caller's shell has set and a generated project would obey."""
    for name in ("DEBUG", "DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"):
        os.environ.pop(name, None)


@pytest.fixture
def bake(cookies) -> Bake:
    """Return a function that generates a project from these answers and gives its folder."""

    def bake(**answers: str) -> Path:
        result = cookies.bake(extra_context=answers)
        if result.exception:
            raise result.exception
        return result.project_path

    return bake


@pytest.fixture(scope="session")
def baked(cookies_session) -> Bake:
    """Return a function that generates a project once for the same answers, to be read but not changed."""

    @cache
    def baked(**answers: str) -> Path:
        result = cookies_session.bake(extra_context=answers)
        if result.exception:
            raise result.exception
        return result.project_path

    return baked


@pytest.fixture(scope="session")
def default_project(baked: Bake) -> Path:
    """Return one project with all defaults, to be read but not changed."""
    return baked()


@pytest.fixture
def cookiecutter(tmp_path: Path) -> Command:
    """Return a function that runs the command `cookiecutter` as a person does, in a folder of its own.

    It takes the command's arguments, `prefix` for words before it, and any option of subprocess.run.
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
def project_environment(default_project: Path) -> Path:
    """Return a virtual environment with what the default project locks, made once and kept in .cache.

    It holds Node too where this machine's own is older than .nvmrc: use `project_variables`.
    """
    return environment_of(default_project, *with_node())


@pytest.fixture(scope="session")
def project_variables(project_environment: Path) -> dict[str, str]:
    """Return environment variables under which `python`, `fab`, `node` and `npm` are the project's."""
    return variables_of(project_environment)


@pytest.fixture(scope="session")
def node_modules(project_variables: dict[str, str]) -> Path:
    """Return node_modules as the shipped package-lock.json says, made once and kept in .cache."""
    files = [PROJECT_TEMPLATE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    return npm_folder("node_modules", files, project_variables) / "node_modules"


@pytest.fixture(scope="session")
def install(node_modules: Path) -> Install:
    """Return a function that gives a project what `fab setup` would install by its lock, made once."""

    def install(folder: Path) -> Project:
        environment = environment_of(folder, *with_node())
        return installed(folder, environment, node_modules, variables_of(environment))

    return install


@pytest.fixture
def project(default_project: Path, install: Install, tmp_path: Path) -> Project:
    """Return a project with all defaults for one test."""
    return install(shutil.copytree(default_project, tmp_path / "project" / default_project.name))


@pytest.fixture(scope="session")
def production(cookies_session, install: Install) -> Production:
    """Return a project to be served as the image serves it."""
    return Production(install(cookies_session.bake().project_path))


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a stand-in for a service, which says yes to everything and keeps it."""
    with listening() as service:
        yield service


def load_hook(name: str) -> ModuleType:
    """Return a hook of the template as a module."""
    spec = spec_from_file_location(name, TEMPLATE / "hooks" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tool(name: str) -> Path:
    """Return the command of a linter: this environment's, or of one made once from the template's lock."""
    here = Path(sys.executable).with_name(name)
    return here if here.exists() else environment_of(TEMPLATE) / "bin" / name


def environment_of(project: Path, *options: str) -> Path:
    """Return a virtual environment with what this project locks, made once and kept in .cache."""
    files = [project / "pyproject.toml", project / "poetry.lock"]
    kind = "-".join(["environment", *options[1:]])

    def install(folder: Path) -> None:
        # Most of it is in another environment already, which is quicker than to unpack it again.
        others = [other.parent for other in CACHE.glob(f"{kind}-????????????/complete")]
        if others:
            link_environment(min(others, key=partial(work_left, project)), folder)
        for file in files:
            shutil.copy(file, folder)
        poetry = PROJECT_TEMPLATE / "fabfile" / "poetry.py"
        subprocess.run(
            [sys.executable, "-B", poetry, "sync", "--no-interaction", *options], cwd=folder, check=True
        )
        # Nothing writes bytecode later, and without it Django takes seconds to load, at each command. Some
        # packages contain templates that do not compile.
        compile_all = [folder / ".venv" / "bin" / "python", "-m", "compileall", "-qq", "-j0"]
        subprocess.run([*compile_all, folder / ".venv" / "lib"])

    # The answers change the project's names too, and Poetry does not lock those.
    return made_once(f"{kind}-{digest(files[1])}", install) / ".venv"


def work_left(project: Path, other: Path) -> int:
    """Return how long Poetry takes from another project's environment to this one's, in about 0.2 s."""
    wanted, installed = [
        {(package["name"], package["version"]) for package in tomllib.loads(text)["package"]}
        for text in ((folder / "poetry.lock").read_text(encoding="utf-8") for folder in (project, other))
    ]
    # To remove a package takes longer than to unpack one.
    return len(wanted - installed) + 4 * len(installed - wanted)


def link_environment(source: Path, target: Path) -> None:
    """Copy the virtual environment of a folder into another one, by hard links, with commands of its own."""
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


def variables_of(environment: Path) -> dict[str, str]:
    """Return environment variables under which `python`, `fab`, `node` and `npm` are this environment's."""
    return {
        **os.environ,
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(environment),
        # A test edits a file more quickly than bytecode by the second can tell.
        "PYTHONDONTWRITEBYTECODE": "1",
        # The packages' types are read once for each process of tests.
        "MYPY_CACHE_DIR": str(CACHE / f"mypy-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"),
    }


def npm_folder(name: str, files: list[Path], variables: dict[str, str]) -> Path:
    """Return a folder in .cache with these files and the packages that they lock, made once."""

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        subprocess.run(["npm", "ci"], cwd=folder, env=variables, check=True)

    return made_once(f"{name}-{digest(*files)}", install)


def make_repository(folder: Path) -> None:
    """Make the folder a git repository, with all that is in it in one commit on `main`."""
    for words in ("init --quiet --initial-branch=main", "add --all", "commit --quiet --message=Begin"):
        subprocess.run(["git", *words.split()], cwd=folder, env={**os.environ, **AUTHOR}, check=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder .cache/NAME; if it is not there, make it while other workers wait."""
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


def digest(*files: Path) -> str:
    """Return a short name for the contents of these files."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def with_node() -> list[str]:
    """Return the options that bring Node into a project's environment, where this machine has none of use."""
    return [] if machine_has_node() else ["--with", "node"]


def machine_has_node() -> bool:
    """Tell whether the Node on PATH is at least the one that .nvmrc names."""
    node = shutil.which("node")
    if not node:
        return False
    output = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    wanted = (PROJECT_TEMPLATE / ".nvmrc").read_text().strip()
    return int(output.lstrip("v").split(".")[0]) >= int(wanted)
