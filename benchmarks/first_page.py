"""How long a newcomer waits: from the template to the first page, without Docker and in it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.building import generate, timed
from benchmarks.figures import Figure, table
from tests.docker import conftest, engine
from tests.docker.checkout import NodeServer
from tests.production import find_free_port


def measure(folder: Path, rounds: int, say: Callable[[str], None]) -> str:
    """Measure both ways `rounds` times in turn; return the chapter in Markdown."""
    host, docker, tests = Figure("s"), Figure("s"), Figure("s")
    server = NodeServer(new(folder / "node"))
    for number in range(rounds):
        say(f"first page: round {number + 1} of {rounds}")
        on_this_machine(folder / f"host-{number}", host, tests)
        in_docker(folder / f"docker-{number}", server, docker)
    rows = [
        ["without Docker: generate, `fab setup`, `fab start`", host],
        ["in Docker: generate, `fab build`, `fab start`", docker],
        ["the new project's own `fab check`, without Docker", tests],
    ]
    return "\n".join(
        [
            "## From the template to the first page\n",
            "Until the page with its styles is served. All packages are in the download caches, and in\n"
            "Docker the layers of another project exist, as for a team's second site.\n",
            table(["What", "Figure"], rows),
        ]
    )


def on_this_machine(folder: Path, waited: Figure, checks: Figure) -> None:
    """Generate a project and serve it on this machine; then run its checks, and stop it."""
    project = folder / "my_site"
    port = find_free_port()
    variables = {**with_fabric(), "RUN_IN": "host", "WEB_PORT": str(port)}

    def fab(task: str) -> None:
        engine.run("fab", task, cwd=project, env=variables)

    def start() -> None:
        generate(folder)
        fab("setup")
        fab("start")
        engine.wait_until(lambda: responds(port), 60, "the first page")

    waited.values.append(timed(start))
    checks.values.append(timed(lambda: fab("check")))
    fab("stop")


def in_docker(folder: Path, server: NodeServer, waited: Figure) -> None:
    """Generate a project and serve it by Compose; then remove it."""
    generation = generate(folder)
    project = folder / "my_site"
    options = engine.get_build_options(project)
    with conftest.create_checkouts(
        project, with_fabric(), options, server, new(folder / "work")
    ) as make_checkout:
        checkout = make_checkout()

        def start() -> None:
            checkout.fab("build", "start")
            engine.wait_until(lambda: checkout.get("/").status == 200, 60, "the first page")

        waited.values.append(generation + timed(start))


def with_fabric() -> dict[str, str]:
    """Return variables under which `fab` is the template's own."""
    tools = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


def responds(port: int) -> bool:
    """Whether the first page is there."""
    try:
        return engine.request("localhost", port, "/").status == 200
    except OSError:
        return False


def new(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir(parents=True)
    return folder
