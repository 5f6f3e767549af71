"""The time of generation, image builds and container starts, and the image's size."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, render_bars, render_table
from tests.docker import engine
from tests.docker.conftest import create_network
from tests.docker.engine import docker

TEMPLATE = Path(__file__).resolve().parent.parent
ALL_FEATURES = ("api=drf", "sign_up=public", "cms=wagtail")


def generate(folder: Path, *answers: str, template: Path = TEMPLATE) -> float:
    """Generate a project in `folder` with these answers; return the time in seconds."""
    words = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", "--output-dir", folder]
    return measure_time(lambda: subprocess.run([*words, template, *answers], check=True, capture_output=True))


def measure_time(function: Callable[[], object]) -> float:
    """Return the time of a call in seconds."""
    start = time.monotonic()
    function()
    return time.monotonic() - start


def build(project: Path, name: str, *options: str) -> None:
    """Build the production image with the options that this network needs."""
    engine.build(project, name, *engine.get_build_options(project), *options)


def measure(project: Path, image: str, folder: Path, rounds: int, report: Callable[[str], None]) -> str:
    """Measure generation, builds after edits, and starts in each round; return the section in Markdown."""
    figures = {
        "A project from the template, including both lock files": Figure("s", 2),
        "The same with an API, sign-up and a CMS": Figure("s", 2),
        "Image, cache empty except for downloaded packages": Figure("s"),
        "Image, nothing changed": Figure("s"),
        "Image, a dependency changed": Figure("s"),
        "Image, a line of Python changed": Figure("s"),
        "Image, a line of SCSS changed": Figure("s"),
        "Container start until ready, on an empty database": Figure("s"),
        "Container start until ready, on a migrated database": Figure("s"),
    }
    default, all_features, cold, unchanged, dependency, python, style, empty, migrated = figures.values()
    copy = folder / "edited"
    shutil.copytree(project, copy)
    name = f"slipway-benchmark:{uuid.uuid4().hex[:12]}"
    build(copy, name)
    for number in range(rounds):
        report(f"building: round {number + 1} of {rounds}")
        default.values.append(generate(folder / f"generated-{number}"))
        all_features.values.append(generate(folder / f"with-all-{number}", *ALL_FEATURES))
        if number == 0:
            cold.values.append(measure_time(lambda: build(copy, name, "--no-cache")))
        unchanged.values.append(measure_time(lambda: build(copy, name)))
        # A unique edit, which no earlier build has cached.
        edit = uuid.uuid4().hex
        append(copy / "pyproject.toml", f"# {edit}\n")
        dependency.values.append(measure_time(lambda: build(copy, name)))
        append(copy / "apps/core/views.py", f"# {edit}\n")
        python.values.append(measure_time(lambda: build(copy, name)))
        append(copy / "assets/scss/main.scss", f".edit-{edit} {{ top: 0; }}\n")
        style.values.append(measure_time(lambda: build(copy, name)))
        with create_network("slipway-benchmark") as net:
            net.start_database()
            for figure in (empty, migrated):
                figure.values.append(measure_time(lambda net=net: net.start_site(image).wait_until_ready()))
    size = int(docker("image", "inspect", "--format", "{{.Size}}", image))
    base = int(docker("image", "inspect", "--format", "{{.Size}}", "python:3.14-slim"))
    docker("image", "rm", "--force", name)
    builds = {
        name.removeprefix("Image, "): f.median for name, f in figures.items() if name.startswith("Image")
    }
    rows = [[name, figure] for name, figure in figures.items()]
    rows.append(["Image size on top of the base image", f"{(size - base) / 1e6:.0f} MB"])
    return "\n".join(
        [
            "## Generation, builds, startup\n",
            render_table(["What", "Figure"], rows),
            render_bars("Image build", "s", builds),
        ]
    )


def append(file: Path, text: str) -> None:
    """Append text to a file."""
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def describe_machine() -> str:
    """Return a sentence that describes the machine."""
    version = docker("version", "--format", "{{.Server.Version}}")
    return f"{os.cpu_count()} processors, shared with other work; Docker {version}."
