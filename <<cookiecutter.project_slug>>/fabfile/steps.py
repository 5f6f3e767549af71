"""The steps of `fab check`, `lint` and `format`: each list, and what runs it.

The tasks start this where the site runs, in the container or on this machine, so it takes nothing
but Python: python fabfile/steps.py check
"""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent

# Values under which Django's own check of a production site says what it would say there.
PRODUCTION = shlex.join(
    [
        "env",
        "DEBUG=false",
        "SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS=www.site.test",
        "DATABASE_URL=postgres://nobody:nothing@localhost/none",
        "EMAIL_URL=smtp://localhost",
    ]
)


class Tool(NamedTuple):
    """A command that goes through files: by default the project's, or those of some that it takes."""

    command: str
    files: str
    takes: str

    def line(self, files: list[str]) -> str:
        """Return the command with those of `files` that it takes, or "" if that is none of them."""
        if not files:
            return f"{self.command} {self.files}"
        taken = [file for file in files if self.takes and re.fullmatch(self.takes, file)]
        return f"{self.command} {shlex.join(taken)}" if taken else ""


PYTHON, TEMPLATES = r".+\.py", r".+\.html"
SCRIPTS, STYLES = r"assets/.+\.js", r"assets/.+\.scss"
LINTERS = (
    Tool("ruff check", ".", PYTHON),
    Tool("djlint --quiet --lint", "templates apps", TEMPLATES),
    # It judges the whole alone.
    Tool("mypy", ".", ""),
    Tool("oxlint --deny-warnings -D suspicious", "assets", SCRIPTS),
    Tool("stylelint --max-warnings 0", '"assets/**/*.scss"', STYLES),
)
# In this order, since two write the same files. djLint's --warn: to have changed one is no failure.
FORMATTERS = (
    Tool("ruff check --quiet --fix-only", ".", PYTHON),
    Tool("ruff format --quiet", ".", PYTHON),
    Tool("djlint --quiet --reformat --warn", "templates apps", TEMPLATES),
    Tool("prettier --log-level warn --write", "assets package.json", f"{SCRIPTS}|{STYLES}"),
    Tool("stylelint --max-warnings 0 --fix", '"assets/**/*.scss"', STYLES),
)
# The first makes what others look at; the last two take longest.
CHECKS = (
    "npm run build",
    "ruff format --check .",
    "djlint --quiet --check templates apps",
    "prettier --check assets package.json",
    *(tool.line([]) for tool in LINTERS if tool.command != "mypy"),
    "npm test",
    "python manage.py check --fail-level WARNING",
    f"{PRODUCTION} python manage.py check --deploy --fail-level WARNING",
    "python manage.py makemigrations --check --dry-run",
    "python manage.py lintmigrations",
    "mypy .",
    "pytest --cov",
)


class Done(NamedTuple):
    """How a command ended, what it printed, and how long it took."""

    code: int
    output: str
    seconds: float


def main(name: str, *files: str) -> int:
    """Run the steps of this name, on these files if there are any; return the exit code.

    Every step runs, also after one has failed; the report is in the order of the list.
    """
    begin = time.monotonic()
    titles, failed = [], []
    for commands in stages(name, list(files)):
        for command, done in side_by_side(commands):
            title = shortened(command)
            titles.append(title)
            print(f"{done.seconds:5.1f} s  {'FAILED  ' if done.code else ''}{title}", flush=True)
            if done.code:
                failed.append(title)
                print(f"\n{done.output}\n", flush=True)
    seconds = f"{time.monotonic() - begin:.1f} s"
    if failed:
        print(f"\nFailed, {len(failed)} of {len(titles)} steps in {seconds}:", *failed, sep="\n  ")
        return 1
    print(f"All is well: {len(titles)} steps in {seconds}.")
    return 0


def shortened(command: str) -> str:
    """Return what the report calls a command: without the values that it is given, on one line."""
    title = command.removeprefix(PRODUCTION).strip()
    return title if len(title) <= 100 else f"{title[:99]}…"


def stages(name: str, files: list[str]) -> list[list[str]]:
    """Return the commands of this name; those of one stage may run side by side."""
    if name == "check":
        return [[CHECKS[0]], list(CHECKS[1:])]
    if name == "lint":
        return [[line for tool in LINTERS if (line := tool.line(files))]]
    return [[line] for tool in FORMATTERS if (line := tool.line(files))]


def side_by_side(commands: list[str]) -> Iterator[tuple[str, Done]]:
    """Run commands at the same time, and yield each with how it ended, in their order."""
    pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1))
    # The long ones come last in the list, and are started first.
    running = {command: pool.submit(run, command) for command in reversed(commands)}
    try:
        for command in commands:
            show_progress(running[command], running)
            yield command, running[command].result()
    finally:
        pool.shutdown(cancel_futures=True)


def show_progress(awaited: Future[Done], running: dict[str, Future[Done]]) -> None:
    """Say on a terminal what runs, until the awaited one has ended."""
    while sys.stdout.isatty() and not awaited.done():
        names = [shortened(command) for command, each in running.items() if each.running()]
        print(f"\r\033[K         {', '.join(names)[:60]} ...", end="", flush=True)
        wait([awaited], timeout=0.2)
        print("\r\033[K", end="", flush=True)


def run(command: str) -> Done:
    """Run a command in the project and keep what it prints."""
    begin = time.monotonic()
    words = shlex.split(command)
    path = f"{PROJECT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        done = subprocess.run(
            words,
            cwd=PROJECT,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        return Done(127, f"{words[0]} is not installed: type: fab build", 0)
    return Done(done.returncode, done.stdout.strip(), time.monotonic() - begin)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
