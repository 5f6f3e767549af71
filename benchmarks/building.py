"""The cost of generation and of the image: time, bytes, and the start of a container."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, bars, table
from tests.docker import engine
from tests.docker.conftest import create_network
from tests.docker.engine import docker

TEMPLATE = Path(__file__).resolve().parent.parent
WITH_ALL = ("api=drf", "sign_up=public", "cms=wagtail")


def generate(folder: Path, *answers: str, template: Path = TEMPLATE) -> float:
    """Generate a project into `folder`, with `answers`; return the seconds that it took."""
    words = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", "--output-dir", folder]
    return timed(lambda: subprocess.run([*words, template, *answers], check=True, capture_output=True))


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def build(project: Path, name: str, *options: str) -> None:
    """Build the production image, on a network like this one."""
    engine.build(project, name, *engine.get_build_options(project), *options)


def measure(project: Path, image: str, folder: Path, rounds: int, say: Callable[[str], None]) -> str:
    """Measure generation, builds after edits, and starts, `rounds` times in turn; return the chapter."""
    figures = {
        "A project from the template, both locks included": Figure("s", 2),
        "The same with an API, sign-up and a CMS": Figure("s", 2),
        "Image, cache empty except for downloaded packages": Figure("s"),
        "Image, nothing changed": Figure("s"),
        "Image, a dependency changed": Figure("s"),
        "Image, a line of Python changed": Figure("s"),
        "Image, a line of SCSS changed": Figure("s"),
        "Container to ready, on an empty database": Figure("s"),
        "Container to ready, migrated": Figure("s"),
    }
    generation, with_all, cold, same, dependency, python, style, first, again = figures.values()
    copy = folder / "edited"
    shutil.copytree(project, copy)
    name = f"slipway-benchmark:{uuid.uuid4().hex[:12]}"
    build(copy, name)
    for number in range(rounds):
        say(f"building: round {number + 1} of {rounds}")
        generation.values.append(generate(folder / f"generated-{number}"))
        with_all.values.append(generate(folder / f"with-all-{number}", *WITH_ALL))
        if number == 0:
            cold.values.append(timed(lambda: build(copy, name, "--no-cache")))
        same.values.append(timed(lambda: build(copy, name)))
        # Never the same edit, which an earlier run's cache would have.
        edit = uuid.uuid4().hex
        append(copy / "pyproject.toml", f"# {edit}\n")
        dependency.values.append(timed(lambda: build(copy, name)))
        append(copy / "apps/core/views.py", f"# {edit}\n")
        python.values.append(timed(lambda: build(copy, name)))
        append(copy / "assets/scss/main.scss", f".edit-{edit} {{ top: 0; }}\n")
        style.values.append(timed(lambda: build(copy, name)))
        with create_network("slipway-benchmark") as net:
            net.start_database()
            for figure in (first, again):
                figure.values.append(timed(lambda net=net: net.start_site(image).wait_until_ready()))
    size = int(docker("image", "inspect", "--format", "{{.Size}}", image))
    base = int(docker("image", "inspect", "--format", "{{.Size}}", "python:3.14-slim"))
    docker("image", "rm", "--force", name)
    builds = {
        what.removeprefix("Image, "): f.median for what, f in figures.items() if what.startswith("Image")
    }
    rows = [[what, figure] for what, figure in figures.items()]
    rows.append(["Image, over its base image", f"{(size - base) / 1e6:.0f} MB"])
    return "\n".join(
        [
            "## Generating, building, starting\n",
            table(["What", "Figure"], rows),
            bars("Image build", "s", builds),
        ]
    )


def append(file: Path, text: str) -> None:
    """Add a line to a file."""
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def machine() -> str:
    """Return what was measured on, in one sentence."""
    version = docker("version", "--format", "{{.Server.Version}}")
    return f"{os.cpu_count()} processors, shared with other work; Docker {version}."
