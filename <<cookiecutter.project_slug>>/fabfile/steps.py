"""The steps of `fab check`, `lint` and `format`, and the functions that run them.

The tasks start this where the site runs, so it needs only Python: python fabfile/steps.py check
"""

import os
import re
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
CORES = os.cpu_count() or 1

# Settings for Django's check of a production site.
PRODUCTION = (
    "env DEBUG=false SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz"
    " ALLOWED_HOSTS=www.site.test DATABASE_URL=postgres://user:password@localhost/none"
    " EMAIL_URL=smtp://localhost"
)


class Tool(NamedTuple):
    """A command that processes all files of the project, or those of a list that match `pattern`."""

    command: str
    files: str
    pattern: str

    def to_line(self, files: list[str]) -> str:
        """Return the command for `files`, or "" if none of them match `pattern`."""
        if not files:
            return f"{self.command} {self.files}"
        matching = [file for file in files if self.pattern and re.fullmatch(self.pattern, file)]
        return f"{self.command} {shlex.join(matching)}" if matching else ""


PYTHON, TEMPLATES = r".+\.py", r".+\.html"
SCRIPTS, STYLES = r"assets/.+\.js", r"assets/.+\.scss"
LINTERS = (
    Tool("ruff check", ".", PYTHON),
    Tool("djlint --quiet --lint", "templates apps", TEMPLATES),
    # mypy checks only the whole project.
    Tool("mypy", ".", ""),
    Tool("oxlint --deny-warnings -D suspicious", "assets", SCRIPTS),
    Tool("stylelint --max-warnings 0", '"assets/**/*.scss"', STYLES),
)
# In this order, since two write the same files. With --warn, djLint does not fail when it changes a file.
FORMATTERS = (
    Tool("ruff check --quiet --fix-only", ".", PYTHON),
    Tool("ruff format --quiet", ".", PYTHON),
    Tool("djlint --quiet --reformat --warn", "templates apps", TEMPLATES),
    Tool("prettier --log-level warn --write", "assets package.json", f"{SCRIPTS}|{STYLES}"),
    Tool("stylelint --max-warnings 0 --fix", '"assets/**/*.scss"', STYLES),
)
BUILD = "npm run build"
# These need the built files. On two cores, a second test process would take as long to start as it
# saves, and the other steps use the second core.
AFTER_BUILD = (
    f"{PRODUCTION} python manage.py check --deploy --fail-level WARNING",
    f"pytest --cov{'' if CORES > 2 else ' --numprocesses=0'}",
)
CHECKS = (
    BUILD,
    "ruff format --check .",
    "djlint --quiet --check --lint templates apps",
    "prettier --check assets package.json",
    *(tool.to_line([]) for tool in LINTERS if not tool.command.startswith(("djlint", "mypy"))),
    "npm test",
    AFTER_BUILD[0],
    "python manage.py makemigrations --check --dry-run",
    "python manage.py lintmigrations",
    AFTER_BUILD[1],
    "mypy .",
)


# A command's exit code, its output, and the seconds it took.
Result = tuple[int, str, float]


def main(name: str, *files: str) -> int:
    """Run every step of this name, on these files if there are any; return the exit code."""
    begin, failed = time.monotonic(), []
    tools = LINTERS if name == "lint" else FORMATTERS
    commands = [line for tool in tools if (line := tool.to_line(list(files)))]
    if name == "check":
        commands = list(CHECKS)
    results = start(commands, 1 if name == "format" else max(2, CORES))
    for command, (code, output, seconds) in zip(commands, results, strict=True):
        # On one line, without its variables.
        title = textwrap.shorten(command.removeprefix(PRODUCTION), 100, placeholder="…")
        print(f"{seconds:5.1f} s  {'FAILED  ' if code else ''}{title}", flush=True)
        if code:
            failed.append(title)
            print(f"\n{output}\n", flush=True)
    total = f"{len(commands)} steps in {time.monotonic() - begin:.1f} s"
    if failed:
        print(f"\nFailed, {len(failed)} of {total}:", *failed, sep="\n  ")
        return 1
    print(f"All is well: {total}.")
    return 0


def start(commands: list[str], processes: int) -> Iterator[Result]:
    """Run commands in this many parallel processes, and yield their results in the order of `commands`."""
    pool = ThreadPoolExecutor(processes)
    # First the command that others wait for, then the slowest ones, which are last in the list.
    order = commands if processes == 1 else [*commands[:1], *reversed(commands[1:])]
    running: dict[str, Future[Result]] = {}
    for command in order:
        dependency = running.get(BUILD) if command in AFTER_BUILD else None
        running[command] = pool.submit(run, command, dependency)
    try:
        for command in commands:
            yield running[command].result()
    finally:
        pool.shutdown(cancel_futures=True)


def run(command: str, dependency: Future[Result] | None) -> Result:
    """Run a command in the project, after `dependency` if there is one, and return its result."""
    if dependency:
        dependency.result()
    begin, arguments = time.monotonic(), shlex.split(command)
    path = f"{PROJECT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path}
    try:
        result = subprocess.run(
            arguments, cwd=PROJECT, env=variables, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
    except FileNotFoundError:
        return 127, f"{arguments[0]} is not installed. Type: fab setup", 0
    output = result.stdout.decode(errors="replace").strip()
    return result.returncode, output, time.monotonic() - begin


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
