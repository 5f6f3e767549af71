"""The time from the template to the first page, with and without Docker."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.building import generate, measure_time
from benchmarks.figures import Figure, render_table
from tests.docker import conftest, engine
from tests.docker.checkout import NodeServer
from tests.production import find_free_port


def measure(folder: Path, rounds: int, report: Callable[[str], None]) -> str:
    """Measure both in each round; return the section in Markdown."""
    host, docker, tests = Figure("s"), Figure("s"), Figure("s")
    server = NodeServer(create_folder(folder / "node"))
    for number in range(rounds):
        report(f"first page: round {number + 1} of {rounds}")
        measure_on_host(folder / f"host-{number}", host, tests)
        measure_in_docker(folder / f"docker-{number}", server, docker)
    rows = [
        ["without Docker: generate, `fab setup`, `fab start`", host],
        ["in Docker: generate, `fab build`, `fab start`", docker],
        ["the new project's own `fab check`, without Docker", tests],
    ]
    return "\n".join(
        [
            "## From the template to the first page\n",
            "The time until the first page is served. All packages are in the download caches, and in\n"
            "Docker the layers of another project exist, as for a team's second site.\n",
            render_table(["What", "Figure"], rows),
        ]
    )


def measure_on_host(folder: Path, first_page: Figure, checks: Figure) -> None:
    """Generate a project, serve it on this machine, run its checks, and stop it."""
    project = folder / "my_site"
    port = find_free_port()
    variables = {**use_fabric(), "RUN_IN": "host", "WEB_PORT": str(port)}

    def fab(task: str) -> None:
        engine.run("fab", task, cwd=project, env=variables)

    def start() -> None:
        generate(folder)
        fab("setup")
        fab("start")
        engine.wait_until(lambda: is_serving(port), 60, "the first page")

    first_page.values.append(measure_time(start))
    checks.values.append(measure_time(lambda: fab("check")))
    fab("stop")


def measure_in_docker(folder: Path, server: NodeServer, first_page: Figure) -> None:
    """Generate a project, serve it with Compose, and remove it."""
    generation = generate(folder)
    project = folder / "my_site"
    options = engine.get_build_options(project)
    with conftest.create_checkouts(
        project, use_fabric(), options, server, create_folder(folder / "work")
    ) as make_checkout:
        checkout = make_checkout()

        def start() -> None:
            checkout.fab("build", "start")
            engine.wait_until(lambda: checkout.get("/").status == 200, 60, "the first page")

        first_page.values.append(generation + measure_time(start))


def use_fabric() -> dict[str, str]:
    """Return environment variables with which `fab` is the template's own."""
    tools = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


def is_serving(port: int) -> bool:
    """Return whether the first page responds."""
    try:
        return engine.request("localhost", port, "/").status == 200
    except OSError:
        return False


def create_folder(folder: Path) -> Path:
    """Create a folder and return it."""
    folder.mkdir(parents=True)
    return folder
