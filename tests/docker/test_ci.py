"""CI and the image, for projects that together have each answer, on a machine without preparation."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import workflow
from tests.conftest import Bake, make_repository
from tests.docker import engine
from tests.docker.checkout import Checkout, NodeServer
from tests.docker.conftest import find_free_ports
from tests.docker.engine import Network, docker, run
from tests.docker.test_hardened import HARDENED, LOGGED_PROBLEM
from tests.workflow import Step
from tools import combinations

# A user other than root, if the tests run as root.
USER = (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)


class Runner(Checkout):
    """A checkout by a user with an empty home folder, on a machine with Docker and pipx."""

    def __init__(self, folder: Path, home: Path, build_options: tuple[str, ...]) -> None:
        """Give the folder to a new user, with the settings that this network needs."""
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
        super().__init__(folder, home, *USER, {**network, "PATH": path})
        self.build_options = build_options
        self.images: list[str] = []

    def run_step(self, step: Step) -> str:
        """Run a step as the CI service does, and return its output."""
        step = replace(step, script=engine.add_build_options(step.script, self.build_options))
        words = step.write_script(self.folder, self.folder.parent / "step.sh")
        output = self.run(*words, timeout=900).stdout
        self.images += re.findall(r"writing image (sha256:\w+)", output)
        return output

    def remove(self) -> None:
        """Remove what the steps have created."""
        super().remove()
        for image in self.images:
            # An image with a tag is also used by another test.
            if docker("image", "inspect", "--format", "{{len .RepoTags}}", image, check=False) == "0":
                docker("image", "rm", image, check=False)


@pytest.fixture
def make_runner(
    build_options: tuple[str, ...], mailpit: None, node_server: NodeServer, tmp_path: Path
) -> Iterator[Callable[[Path], Runner]]:
    """Return a function that creates a runner with a clean clone of a project's repository."""
    runners = []

    def make_runner(project: Path) -> Runner:
        make_repository(project)
        folder = tmp_path / "clone"
        run("git", "clone", "--quiet", project, folder)
        # Not every network reaches nodejs.org. The first `fab` adds the other variables.
        settings = {**node_server.variables, **find_free_ports()}
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (folder / ".env").write_text("AUTO_START_SERVER=true\n" + "".join(lines))
        runners.append(Runner(folder, tmp_path / "home", build_options))
        return runners[-1]

    yield make_runner
    for runner in runners:
        runner.remove()


# The commands of CI, for a project without a CI file.
COMMANDS = ["pipx install fabric", "fab build", "fab check"]


def list_ci_steps(project: Path, ci: str) -> list[Step]:
    """Return the steps that run on a push."""
    if ci == "none":
        return [Step(command, workflow.GITHUB_SHELLS[None]) for command in COMMANDS]
    return [step for job in workflow.read_ci(project, ci).values() for step in job]


@pytest.mark.parametrize("row", combinations.list_docker_rows(), ids=combinations.format_row)
def test_ci_and_image(
    bake: Bake,
    make_runner: Callable[[Path], Runner],
    build_options: tuple[str, ...],
    tag: Callable[[], str],
    network: Network,
    row: combinations.Answers,
) -> None:
    """Every step of CI passes in a clean clone, with `fab check` on PostgreSQL.

    The image serves its main pages on a read-only disk, without privileges.
    """
    project = bake(**row)
    runner = make_runner(project)
    output = "".join(runner.run_step(step) for step in list_ci_steps(project, row["ci"]))
    print(output)
    assert workflow.parse_steps(output) == workflow.list_steps(project)
    assert runner.images
    assert runner.find_foreign_files() == []

    image = tag()
    engine.build(project, image, *build_options)
    network.start_database()
    site = network.start_site(image, HARDENED).wait_until_ready()
    pages = combinations.list_main_pages(row)
    assert {page: site.get(page).status for page in pages} == dict.fromkeys(pages, 200)
    assert not LOGGED_PROBLEM.search(site.logs())
    assert docker("diff", site.id) == ""
