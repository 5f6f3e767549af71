#!/usr/bin/env python3
"""Run Poetry, whether it is installed or not: python3 fabfile/poetry.py lock

Uses the Poetry on PATH if that is new enough, else uvx, else a separate virtual environment.
Needs only Python, since it runs before anything is installed. If the index has no JSON API, it
runs Poetry again with pip's index and saves that in `.env`.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

VERSION = "2.5.1"
PACKAGES = [f"poetry=={VERSION}", "poetry-plugin-pypi-mirror==0.6.5"]
MIRROR = "POETRY_PYPI_MIRROR_URL"
INDEX_COMMANDS = {"add", "install", "lock", "remove", "sync", "update"}
PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run Poetry in the working directory and return its exit code."""
    mirror = os.environ.get(MIRROR) or read_mirror()
    code = run(arguments, mirror)
    if code == 0 or mirror or not INDEX_COMMANDS.intersection(arguments):
        return code
    mirror = find_index_without_json()
    if mirror and (code := run(arguments, mirror)) == 0:
        save_mirror(mirror)
    return code


def run(arguments: list[str], mirror: str) -> int:
    """Run Poetry once, with `mirror` in place of PyPI unless it is empty."""
    environment = {**os.environ, "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    if mirror:
        environment[MIRROR] = mirror
    # A Poetry on PATH may not have the plugin for mirrors.
    is_installed = not mirror and is_new_enough(shutil.which("poetry"))
    command = ["poetry"] if is_installed else find_program("poetry", PACKAGES)
    return subprocess.run([*command, *arguments], env=environment).returncode


def is_new_enough(poetry: str | None) -> bool:
    """Return whether `poetry` has at least the major and minor version that wrote the lock file."""
    if not poetry:
        return False
    installed = [int(number) for number in re.findall(r"\d+", capture(poetry, "--version"))]
    return installed[:2] >= [int(number) for number in VERSION.split(".")[:2]]


def find_program(program: str, packages: list[str]) -> list[str]:
    """Return the command that runs a program from the first package, installed or not."""
    if shutil.which("uvx"):
        more = [word for package in packages[1:] for word in ("--with", package)]
        return ["uvx", "--quiet", "--from", packages[0], *more, program]
    return [str(ensure_environment(packages) / "bin" / "python"), "-m", program]


def ensure_environment(packages: list[str]) -> Path:
    """Return a virtual environment with these packages; create it if it does not exist."""
    name, _, version = packages[0].partition("==")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"{name}-{version}-python-{sys.version_info.major}.{sys.version_info.minor}"
    if folder.exists():
        return folder
    print(f"Installing {name.capitalize()} {version} into {folder} (once).", file=sys.stderr)
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as temporary:
        pip = [f"{temporary}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        # pip's configuration may install into the user's site-packages.
        environment = {**os.environ, "PIP_USER": "0"}
        try:
            venv.create(temporary, with_pip=True)
            subprocess.run([*pip, "install", "--quiet", *packages], check=True, env=environment)
        except subprocess.CalledProcessError:
            sys.exit(
                f"{name.capitalize()} {version} could not be installed: check the network,"
                " or install uv, which provides it: https://docs.astral.sh/uv/"
            )
        # Another process may have created the folder in the meantime.
        with suppress(OSError):
            Path(temporary).rename(folder)
    return folder


def find_index_without_json() -> str:
    """Return the URL of pip's index if that responds and PyPI's JSON API does not, else ""."""
    python = str(ensure_environment(PACKAGES) / "bin" / "python")
    script = "from pip._internal.models.index import PyPI; print(PyPI.url)"
    pypi = capture(python, "-c", script).rstrip("/")
    configured = capture(python, "-m", "pip", "config", "get", "global.index-url")
    index = (os.environ.get("PIP_INDEX_URL") or configured or f"{pypi}/simple").rstrip("/") + "/"
    # Poetry requests the page of one version; some indexes have only the package's page.
    if is_readable(f"{pypi}/pypi/pip/24.0/json") or not is_readable(f"{index}pip/"):
        return ""
    print("The package index has no JSON API here: trying again with pip's index.", file=sys.stderr)
    return index


def capture(*command: str) -> str:
    """Return a command's output."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def is_readable(url: str) -> bool:
    """Return whether `url` can be read within 10 s."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "poetry"}), timeout=10) as response:
            return response.status == 200
    except (OSError, ValueError):
        return False


def read_mirror() -> str:
    """Return the mirror in `.env`, or ""."""
    sys.path.append(str(PROJECT))
    from config import env_file

    return env_file.read(PROJECT / ".env").get(MIRROR, "")


def save_mirror(mirror: str) -> None:
    """Write the mirror into `.env`, if that file exists."""
    file = PROJECT / ".env"
    if file.is_file():
        text = f"# Poetry's index here has no JSON API.\n{MIRROR}={mirror}\n"
        with suppress(OSError), file.open("a", encoding="utf-8") as env:
            env.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
