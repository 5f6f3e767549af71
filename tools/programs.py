"""The programs that a layer of tests needs besides Python, git and make: find what is missing, or install it.

    python3 -m tools.programs check LAYER ...   name everything that is missing; exit code 2 if anything is
    python3 -m tools.programs install           install it all (`make tools`)
    python3 -m tools.programs hide FOLDER       fill FOLDER with links to every command but these, for PATH

It needs Python's standard library alone, so it runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Debian keeps servers in a folder that is on root's PATH alone.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
# Playwright's folder for its own browsers: https://playwright.dev/python/docs/browsers
PLAYWRIGHT = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
# The words before a command that cut it off from the network.
WITHOUT_NETWORK = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


@dataclass(frozen=True)
class Program:
    """A program, the layers that need it, and how it is found and installed."""

    name: str
    layers: frozenset[str]
    commands: tuple[str, ...]
    debian: str = ""
    homebrew: str = ""
    is_usable: Callable[[], bool] = lambda: False
    # The alternative if there is no package.
    advice: str = "make tools"

    @property
    def is_here(self) -> bool:
        """Whether one of its commands is on PATH, or it is usable otherwise."""
        return any(shutil.which(command, path=PATH) for command in self.commands) or self.is_usable()


def has_playwrights_chromium() -> bool:
    """Return whether Playwright has installed a Chromium of its own."""
    folders = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "", *PLAYWRIGHT]
    return any(list(Path(folder).expanduser().glob("chromium-*")) for folder in folders if folder)


def has_engine() -> bool:
    """Return whether a Docker engine answers, and Compose 2 is there."""
    questions = (["docker", "info"], ["docker", "compose", "version"])
    try:
        return not any(
            subprocess.run(words, capture_output=True, timeout=20).returncode for words in questions
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def can_cut_off_the_network() -> bool:
    """Return whether a process can be run without a network here, as user namespaces allow."""
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
        is_usable=has_playwrights_chromium,
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
        "unshare, allowed to cut a process off from the network",
        frozenset({"services"}),
        (),
        is_usable=can_cut_off_the_network,
        advice="run the tests as root or allow user namespaces, on Linux",
    ),
    Program(
        "Docker with Compose 2, and an engine that answers",
        frozenset({"docker"}),
        (),
        is_usable=has_engine,
        advice="https://docs.docker.com/engine/install/",
    ),
]
LAYERS = ("browser", "services", "update", "choices", "docker")


def missing(layers: Iterable[str]) -> list[Program]:
    """Return the programs that these layers need and this machine lacks."""
    return [program for program in PROGRAMS if program.layers & set(layers) and not program.is_here]


def report(layers: Iterable[str]) -> str:
    """Return one message that names everything these layers lack and what helps, or ""."""
    layers = set(layers)
    lacking = missing(layers)
    if not lacking:
        return ""
    lines = [f"  {each.name} (for {', '.join(sorted(each.layers & layers))})" for each in lacking]
    advice = dict.fromkeys(program.advice for program in lacking)
    return "\n".join(["Missing for these tests:", *lines, f"To get it: {'; '.join(advice)}"])


def install() -> str:
    """Install what is missing with apt-get; return what is left to do, or ""."""
    lacking = [program for program in PROGRAMS if not program.is_here and program.debian]
    if not lacking:
        return ""
    apt = shutil.which("apt-get")
    if not apt:
        formulas = [f"brew install {program.homebrew}" for program in lacking if program.homebrew]
        return "\n".join(["There is no apt-get here. With Homebrew:", *(f"  {line}" for line in formulas)])
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    packages = [program.debian for program in lacking if not (program.debian == "chromium" and is_ubuntu())]
    print("Installing:", *(program.name for program in lacking), flush=True)
    subprocess.run([*sudo, apt, "update", "--quiet=2"], check=True)
    words = ["install", "--yes", "--quiet=2", "--no-install-recommends"]
    subprocess.run([*sudo, *environment, apt, *words, *packages], check=True)
    if is_ubuntu() and not has_playwrights_chromium():
        # Ubuntu's package is a snap, which does not run everywhere; the Makefile makes .venv first.
        subprocess.run([".venv/bin/playwright", "install", "--with-deps", "chromium"], check=True)
    return report(set(LAYERS) - {"docker"})


def is_ubuntu() -> bool:
    """Return whether this is Ubuntu: https://www.freedesktop.org/software/systemd/man/os-release.html."""
    release = Path("/etc/os-release")
    return release.exists() and "\nID=ubuntu\n" in f"\n{release.read_text()}\n"


def hide(folder: Path) -> None:
    """Fill the folder with links to every command on PATH but Docker, Node and those in the table."""
    hidden = {command for program in PROGRAMS for command in program.commands}
    hidden |= {"docker", "docker-compose", "node", "npm", "npx", "openssl", "uv", "uvx", "poetry", "psql"}
    folder.mkdir(parents=True, exist_ok=True)
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for command in place.iterdir() if place.is_dir() else []:
            link = folder / command.name
            if command.name not in hidden and not link.is_symlink() and os.access(command, os.X_OK):
                link.symlink_to(command.absolute())


def main(task: str, *arguments: str) -> str:
    """Do a task; return what is missing, which ends the program with exit code 2."""
    if task == "check":
        return report(arguments)
    if task == "install":
        return install()
    hide(Path(arguments[0]))
    return ""


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("check", "install", "hide"):
        sys.exit(__doc__)
    if problem := main(*sys.argv[1:]):
        print(problem, file=sys.stderr)
        sys.exit(2)
