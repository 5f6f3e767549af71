"""Fabric's tasks leave alone what is not this project's."""

import uuid
from collections.abc import Iterator

import pytest

from tests.docker.checkout import Checkout
from tests.docker.engine import docker, run


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


def test_another_checkouts_containers(started: Checkout) -> None:
    """In a copied checkout, or where the shell names its containers, no task touches another checkout's.

    Nor does a copy get its database after `docker compose down`, while a moved folder keeps its own.
    """
    name = started.env("COMPOSE_PROJECT_NAME")
    copied, new = started.folder.with_name("copied"), started.folder.with_name("new")
    run("cp", "-a", started.folder, copied)
    run("cp", "-a", started.folder, new)
    text = (new / ".env").read_text()
    (new / ".env").write_text(
        text.replace(f"COMPOSE_PROJECT_NAME={name}", f"COMPOSE_PROJECT_NAME={name}-new")
    )
    before = started.compose("ps", "--format", "{{.ID}} {{.Status}}").count("Up")
    (copied / "all.dump").touch()
    tasks = (
        "stop",
        "start",
        "status",
        "manage check",
        "migrate",
        "seed",
        "dump-db",
        "restore-db all.dump --yes",
    )
    # In a clone that has no .env yet, the name in the shell is not written into it.
    fresh = started.folder.with_name("fresh")
    run("cp", "-a", new, fresh)
    (fresh / ".env").unlink()
    for folder, way_out, variables in (
        (copied, "remove that line from .env", {}),
        (new, "unset it in your shell", {"COMPOSE_PROJECT_NAME": name}),
    ):
        for task in tasks:
            words = (*started.prefix, "fab", *task.split(" ", 1))
            refused = run(*words, cwd=folder, env={**started.variables, **variables}, check=False)
            assert refused.returncode == 1, task
            assert f"belong to {started.folder}: {way_out}" in refused.stdout, task
    words, exported = (*started.prefix, "fab", "status"), {**started.variables, "COMPOSE_PROJECT_NAME": name}
    assert "unset it in your shell" in run(*words, cwd=fresh, env=exported, check=False).stdout
    assert f"COMPOSE_PROJECT_NAME={name}\n" not in (fresh / ".env").read_text()
    assert started.compose("ps", "--format", "{{.ID}} {{.Status}}").count("Up") == before
    assert started.shows("/", "</html>")

    started.compose("down")
    assert "unset it in your shell" in run(*words, cwd=new, env=exported, check=False).stdout
    refused = run(*started.prefix, "fab", "migrate", cwd=copied, env=started.variables, check=False)
    assert f"belong to {started.folder}: remove that line from .env" in refused.stdout
    started.folder.rename(started.folder.with_name("moved"))
    started.folder = started.folder.with_name("moved")
    assert "No migrations to apply" in started.fab("migrate")
    refused = run(*started.prefix, "fab", "migrate", cwd=copied, env=started.variables, check=False)
    assert f"belong to {started.folder}" in refused.stdout
    # Another checkout in the place of this one, whose containers run.
    place = started.folder
    started.folder = place.rename(place.with_name("moved, again"))
    run("cp", "-a", new, place)
    started.fab("status")


def test_a_service_that_is_no_longer_named(started: Checkout, valkey: None) -> None:
    """A service that has left `.env` or Compose's files is seen by `fab status`, stopped by `fab stop`."""
    more = started.folder / "docker-compose.override.yml"
    more.write_text("services: {removed: {image: 'valkey/valkey:9'}}")
    started.set_env(COMPOSE_PROFILES="cache")
    started.fab("start")
    started.set_env(COMPOSE_PROFILES=None)
    more.unlink()
    status = started.fab("status")
    assert "cache-1" in status
    assert "removed-1" in status
    started.fab("stop")
    ours = f"label=com.docker.compose.project={started.env('COMPOSE_PROJECT_NAME')}"
    assert docker("ps", "--quiet", "--filter", ours) == ""


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
