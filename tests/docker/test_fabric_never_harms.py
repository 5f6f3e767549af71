"""Fabric's tasks leave alone what is not this project's."""

import uuid
from collections.abc import Iterator

import pytest

from tests.docker.engine import docker


@pytest.fixture
def sentinels() -> Iterator[dict[str, str]]:
    """Make an image, a container, a network and a volume of another project; return their names by kind."""
    name = f"another-project-{uuid.uuid4().hex[:8]}"
    labels = ("--label", "com.docker.compose.project=another", "--label", "com.docker.compose.service=web")
    docker("build", "--tag", name, "-", input="FROM python:3.14-slim\nLABEL sentinel=1\n")
    docker("network", "create", name)
    docker("volume", "create", name)
    docker(
        "run",
        "--detach",
        "--name",
        name,
        "--network",
        name,
        *labels,
        f"--volume={name}:/data",
        name,
        "sleep",
        "900",
    )
    yield dict.fromkeys(("image", "container", "network", "volume"), name)
    docker("rm", "--force", name)
    docker("volume", "rm", name)
    docker("network", "rm", name)
    docker("image", "rm", name)


def test_sentinels_survive(checkout, sentinels: dict[str, str]) -> None:
    """A container, image, network and volume of another project survive every task unchanged."""

    def state() -> dict[str, str]:
        template = {
            "container": "{{.Id}} {{.State.Running}} {{.State.StartedAt}}",
            "volume": "{{.CreatedAt}}",
        }
        return {
            kind: docker(kind, "inspect", "--format", template.get(kind, "{{.Id}}"), name)
            for kind, name in sentinels.items()
        }

    before = state()
    made = checkout()
    for task in (
        "build",
        "start",
        "restart",
        "status",
        "migrate",
        "assets",
        "lint",
        "format",
        "stop",
        "start",
    ):
        made.fab(task, check=False)
        assert state() == before, task
    made.fab("manage", "check")
    made.fab("logs", "--no-follow")
    made.fab("stop")
    assert state() == before
