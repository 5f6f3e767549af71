"""A generated project with its packages installed, and the commands that tests run in it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
# Longer than the checks of the largest project take on a busy machine.
SECONDS = 900


@dataclass
class Project:
    """A generated project with its packages installed, and its environment variables."""

    folder: Path
    variables: dict[str, str]

    def run(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; `stdout` has standard error too."""
        result = subprocess.run(
            words,
            cwd=self.folder,
            env={**self.variables, **more},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
        if check and result.returncode:
            raise AssertionError(f"{' '.join(words)} ended with {result.returncode}:\n{result.stdout}")
        return result

    def run_inside_tests(self) -> None:
        """Copy tests/inside/ into the project, run it there, and remove it."""
        folder = shutil.copytree(INSIDE, self.folder / "tests" / "inside")
        # One process: loading a site with a CMS and migrating its database takes longer than the tests.
        self.run("python", "-m", "pytest", "tests/inside", "--quiet", "--numprocesses=0")
        shutil.rmtree(folder)


Install = Callable[[Path], Project]


def install_packages(folder: Path, environment: Path, modules: Path, variables: dict[str, str]) -> Project:
    """Install packages from the cache, as `fab setup` would, and return the project."""
    (folder / ".venv").symlink_to(environment)
    shutil.copy(folder / "poetry.lock", environment)
    # Hard links are fast, and npm replaces files rather than writing into them.
    shutil.copytree(modules, folder / "node_modules", symlinks=True, copy_function=os.link)
    return Project(folder, {**variables, "RUN_IN": "host"})


def replace_once(file: Path, old: str, new: str) -> None:
    """Replace text in a file; fail unless the file contains it exactly once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name}: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def find_processes(folder: Path) -> list[str]:
    """Return the PIDs of processes whose working directory is in this folder, even if it was deleted."""
    pids = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if str(link.readlink()).startswith(str(folder)):
                pids.append(link.parent.name)
        except OSError:
            continue
    return pids
