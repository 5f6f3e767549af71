"""A generated project whose packages are installed, and the commands that are run in it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
# Longer than the checks of the heaviest project take on a machine that has other work.
SECONDS = 900


@dataclass
class Project:
    """A generated project whose packages are installed, and the environment to run it in."""

    folder: Path
    variables: dict[str, str]

    def run(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; its output, errors included, is in `stdout`."""
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
        """Copy tests/inside/ into the project and run it there; then remove it."""
        folder = shutil.copytree(INSIDE, self.folder / "tests" / "inside")
        # One process: to load a site with a CMS and migrate its database takes longer than its tests.
        self.run("python", "-m", "pytest", "tests/inside", "--quiet", "--numprocesses=0")
        shutil.rmtree(folder)


Install = Callable[[Path], Project]


def installed(folder: Path, environment: Path, modules: Path, variables: dict[str, str]) -> Project:
    """Return the project in this folder as after `fab setup`, with packages that are there already."""
    (folder / ".venv").symlink_to(environment)
    shutil.copy(folder / "poetry.lock", environment)
    # Hard links: quick, and npm replaces files rather than writing into them.
    shutil.copytree(modules, folder / "node_modules", symlinks=True, copy_function=os.link)
    return Project(folder, {**variables, "RUN_IN": "host"})


def processes_in(folder: Path) -> list[str]:
    """Return the processes that stand in this folder or below, also where it has been deleted."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if str(link.readlink()).startswith(str(folder)):
                found.append(link.parent.name)
        except OSError:
            continue
    return found
