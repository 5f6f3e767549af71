"""CI and the image, for projects that have each answer between them: on a machine that has nothing yet."""

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
from tests.docker.conftest import ports
from tests.docker.engine import Network, docker, run
from tests.docker.test_hardened import COMPLAINT, HARDENED
from tests.workflow import Step
from tools import combinations

# A user other than root, if a test can choose.
USER = (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)


class Runner(Checkout):
    """A checkout by a user without anything in the home folder, on a machine with Docker and pipx."""

    def __init__(self, folder: Path, home: Path, build_options: tuple[str, ...]) -> None:
        """Let a new user have the folder, and what this network demands of every machine."""
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
        super().__init__(folder, home, *USER, {**network, "PATH": path})
        self.build_options = build_options
        self.images: list[str] = []

    def perform(self, step: Step) -> str:
        """Run a step as the service does, and return what it prints."""
        step = replace(step, script=engine.on_this_network(step.script, self.build_options))
        words = step.write_script(self.folder, self.folder.parent / "step.sh")
        output = self.run(*words, timeout=900).stdout
        self.images += re.findall(r"writing image (sha256:\w+)", output)
        return output

    def remove(self) -> None:
        """Remove what the steps have made."""
        super().remove()
        for image in self.images:
            # One with a name is another test's, too, which has built the same.
            if docker("image", "inspect", "--format", "{{len .RepoTags}}", image, check=False) == "0":
                docker("image", "rm", image, check=False)


@pytest.fixture
def runner(
    build_options: tuple[str, ...], mailpit: None, node_server: NodeServer, tmp_path: Path
) -> Iterator[Callable[[Path], Runner]]:
    """Return a maker of runners, each with a clean clone of a project's repository."""
    made = []

    def runner(project: Path) -> Runner:
        make_repository(project)
        folder = tmp_path / "clone"
        run("git", "clone", "--quiet", project, folder)
        # nodejs.org is not reached from every network either. The first `fab` adds the rest.
        settings = {**node_server.variables, **ports()}
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (folder / ".env").write_text("AUTO_START_SERVER=true\n" + "".join(lines))
        made.append(Runner(folder, tmp_path / "home", build_options))
        return made[-1]

    yield runner
    for each in made:
        each.remove()


# The commands of CI, for a project without a CI file.
COMMANDS = ["pipx install fabric", "fab build", "fab check"]


def list_ci_steps(project: Path, ci: str) -> list[Step]:
    """Return the steps that run on a push."""
    if ci == "none":
        return [Step(command, workflow.GITHUB_SHELLS[None]) for command in COMMANDS]
    return [step for job in workflow.read_ci(project, ci).values() for step in job]


@pytest.mark.parametrize("row", combinations.in_docker(), ids=combinations.name)
def test_every_step_is_green(
    bake: Bake,
    runner: Callable[[Path], Runner],
    build_options: tuple[str, ...],
    tag: Callable[[], str],
    network: Network,
    row: combinations.Answers,
) -> None:
    """Every step of CI in a clean clone, with a complete `fab check` on PostgreSQL; then the image.

    The image migrates PostgreSQL without rights and on a read-only disk, and its main pages answer 200.
    """
    project = bake(**row)
    machine = runner(project)
    output = "".join(machine.perform(step) for step in list_ci_steps(project, row["ci"]))
    print(output)
    assert workflow.parse_steps(output) == workflow.list_steps(project)
    assert machine.images
    assert machine.strangers() == []

    image = tag()
    engine.build(project, image, *build_options)
    network.database()
    site = network.site(image, HARDENED).ready()
    pages = combinations.main_pages(row)
    assert {page: site.get(page).status for page in pages} == dict.fromkeys(pages, 200)
    assert not COMPLAINT.search(site.logs())
    assert docker("diff", site.id) == ""
