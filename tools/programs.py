"""Find or install the programs that a layer of tests needs in addition to Python, git and make.

    python3 -m tools.programs check LAYER ...   list all missing programs; exit code 2 if there are any
    python3 -m tools.programs install           install all of them (`make tools`)
    python3 -m tools.programs hide FOLDER       fill FOLDER with links to all other commands, for PATH

This module needs only Python's standard library, so it runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Debian installs servers in a folder that is only on root's PATH.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
# Playwright's folder for its own browsers: https://playwright.dev/python/docs/browsers
PLAYWRIGHT = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
# A prefix that runs a command without a network.
WITHOUT_NETWORK = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


@dataclass(frozen=True)
class Program:
    """A program, the layers that need it, and how to find and install it."""

    name: str
    layers: frozenset[str]
    commands: tuple[str, ...]
    debian: str = ""
    homebrew: str = ""
    is_usable: Callable[[], bool] = lambda: False
    # The advice if the program is missing.
    advice: str = "make tools"

    @property
    def is_installed(self) -> bool:
        """Return whether the program is installed."""
        return any(shutil.which(command, path=PATH) for command in self.commands) or self.is_usable()


def has_chromium_of_playwright() -> bool:
    """Return whether Playwright has installed Chromium."""
    folders = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "", *PLAYWRIGHT]
    return any(list(Path(folder).expanduser().glob("chromium-*")) for folder in folders if folder)


def has_engine() -> bool:
    """Return whether a Docker engine responds and Compose 2 is installed."""
    commands = (["docker", "info"], ["docker", "compose", "version"])
    try:
        return not any(
            subprocess.run(words, capture_output=True, timeout=20).returncode for words in commands
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def can_run_without_network() -> bool:
    """Return whether this machine can run a process without a network, in user namespaces."""
    try:
        return subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


CHROMIUM = ("chromium", "google-chrome")
PROGRAMS = [
    Program(
        "Chromium",
        frozenset({"browser", "choices"}),
        CHROMIUM,
        debian="chromium",
        homebrew="--cask chromium",
        is_usable=has_chromium_of_playwright,
    ),
    Program(
        "Redis or Valkey",
        frozenset({"services"}),
        ("valkey-server", "redis-server"),
        debian="redis-server",
        homebrew="redis",
    ),
    Program(
        "OpenSSH server",
        frozenset({"services", "docker"}),
        ("sshd",),
        debian="openssh-server",
        homebrew="openssh",
    ),
    Program(
        "gettext",
        frozenset({"browser", "services"}),
        ("msgfmt",),
        debian="gettext",
        homebrew="gettext",
    ),
    Program("pipx", frozenset({"services", "docker"}), ("pipx",), debian="pipx", homebrew="pipx"),
    Program(
        "unshare, with permission to run a process without a network",
        frozenset({"services"}),
        (),
        is_usable=can_run_without_network,
        advice="run the tests on Linux as root, or allow user namespaces",
    ),
    Program(
        "Docker with Compose 2, and a running engine",
        frozenset({"docker"}),
        (),
        is_usable=has_engine,
        advice="https://docs.docker.com/engine/install/",
    ),
]
LAYERS = ("browser", "services", "update", "choices", "docker")


def find_missing(layers: Iterable[str]) -> list[Program]:
    """Return the programs that these layers need and this machine lacks."""
    return [program for program in PROGRAMS if program.layers & set(layers) and not program.is_installed]


def report_missing(layers: Iterable[str]) -> str:
    """Return a message with all missing programs of these layers and how to get them, or ""."""
    layers = set(layers)
    missing = find_missing(layers)
    if not missing:
        return ""
    lines = [f"  {each.name} (for {', '.join(sorted(each.layers & layers))})" for each in missing]
    advice = dict.fromkeys(program.advice for program in missing)
    return "\n".join(["Missing for these tests:", *lines, f"To install: {'; '.join(advice)}"])


def install() -> str:
    """Install missing programs with apt-get; return what is still missing, or ""."""
    missing = [program for program in PROGRAMS if not program.is_installed and program.debian]
    if not missing:
        return ""
    apt = shutil.which("apt-get")
    if not apt:
        formulas = [f"brew install {program.homebrew}" for program in missing if program.homebrew]
        return "\n".join(["There is no apt-get here. With Homebrew:", *(f"  {line}" for line in formulas)])
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    packages = [program.debian for program in missing if not (program.debian == "chromium" and is_ubuntu())]
    print("Installing:", *(program.name for program in missing), flush=True)
    subprocess.run([*sudo, apt, "update", "--quiet=2"], check=True)
    words = ["install", "--yes", "--quiet=2", "--no-install-recommends"]
    subprocess.run([*sudo, *environment, apt, *words, *packages], check=True)
    if is_ubuntu() and not has_chromium_of_playwright():
        # Ubuntu's package is a snap, which does not run everywhere. The Makefile creates .venv first.
        subprocess.run([".venv/bin/playwright", "install", "--with-deps", "chromium"], check=True)
    return report_missing(set(LAYERS) - {"docker"})


def is_ubuntu() -> bool:
    """Return whether this is Ubuntu: https://www.freedesktop.org/software/systemd/man/os-release.html."""
    release = Path("/etc/os-release")
    return release.exists() and "\nID=ubuntu\n" in f"\n{release.read_text()}\n"


def link_other_commands(folder: Path) -> None:
    """Fill the folder with links to all commands on PATH except Docker, Node and those in PROGRAMS."""
    hidden = {command for program in PROGRAMS for command in program.commands}
    hidden |= {"docker", "docker-compose", "node", "npm", "npx", "openssl", "uv", "uvx", "poetry", "psql"}
    folder.mkdir(parents=True, exist_ok=True)
    for directory in map(Path, os.environ["PATH"].split(os.pathsep)):
        for command in directory.iterdir() if directory.is_dir() else []:
            link = folder / command.name
            if command.name not in hidden and not link.is_symlink() and os.access(command, os.X_OK):
                link.symlink_to(command.absolute())


def main(task: str, *arguments: str) -> str:
    """Run a task; return what is missing, which ends the program with exit code 2."""
    if task == "check":
        return report_missing(arguments)
    if task == "install":
        return install()
    link_other_commands(Path(arguments[0]))
    return ""


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("check", "install", "hide"):
        sys.exit(__doc__)
    if problem := main(*sys.argv[1:]):
        print(problem, file=sys.stderr)
        sys.exit(2)
