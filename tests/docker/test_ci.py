"""What GitHub and GitLab would run on a push, run here: step by step, on a machine that has nothing yet."""

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
from tests.docker.engine import docker, run
from tests.workflow import Step

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as other users")


class Runner(Checkout):
    """A checkout by a user without anything in the home folder, on a machine with Docker and pipx."""

    def __init__(self, folder: Path, home: Path, build_options: tuple[str, ...]) -> None:
        """Let a new user have the folder, and what this network demands of every machine."""
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
        super().__init__(folder, home, 1000, 1000, {**network, "PATH": path})
        self.build_options = build_options
        self.images: list[str] = []

    def perform(self, step: Step) -> str:
        """Run a step as the service does, and return what it prints."""
        step = replace(step, script=engine.on_this_network(step.script, self.build_options))
        words = step.command(self.folder, self.folder.parent / "step.sh")
        said = self.run(*words, timeout=900).stdout
        self.images += re.findall(r"writing image (sha256:\w+)", said)
        return said

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
        lines = [f"{name}={value}\n" for name, value in node_server.variables.items()]
        (folder / ".env").write_text("AUTO_START_SERVER=true\n" + "".join(lines))
        made.append(Runner(folder, tmp_path / "home", build_options))
        return made[-1]

    yield runner
    for each in made:
        each.remove()


@as_root
@pytest.mark.parametrize(
    ("ci", "read", "file"),
    [
        ("github", workflow.github, ".github/workflows/ci.yml"),
        ("gitlab", workflow.gitlab, ".gitlab-ci.yml"),
    ],
    ids=["GitHub", "GitLab"],
)
def test_every_step_is_green(bake: Bake, runner, ci: str, read: Callable, file: str) -> None:
    """Every step of the CI file, in order, in a clean clone: all end well, and `fab check` is complete."""
    project = bake(ci=ci)
    machine = runner(project)
    said = "".join(machine.perform(step) for steps in read(project / file).values() for step in steps)
    print(said)
    assert workflow.steps_in(said) == workflow.steps_of(project)
    assert machine.images
    assert machine.strangers() == []
