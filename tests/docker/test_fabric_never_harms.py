"""Fabric's tasks do not touch resources of other projects."""

import uuid
from collections.abc import Iterator

import pytest

from tests.docker.checkout import Checkout
from tests.docker.engine import docker, run


@pytest.fixture
def other_project() -> Iterator[dict[str, str]]:
    """Create an image, a container, a network and a volume of another project; return their names."""
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


def test_containers_of_another_checkout(checkout: Checkout) -> None:
    """No task touches the containers of another checkout, not even in a copy of it.

    A copy never gets the database; a moved checkout keeps it.
    """
    name = checkout.read_env("COMPOSE_PROJECT_NAME")
    copied, new = checkout.folder.with_name("copied"), checkout.folder.with_name("new")
    run("cp", "-a", checkout.folder, copied)
    run("cp", "-a", checkout.folder, new)
    text = (new / ".env").read_text()
    (new / ".env").write_text(
        text.replace(f"COMPOSE_PROJECT_NAME={name}", f"COMPOSE_PROJECT_NAME={name}-new")
    )
    before = checkout.compose("ps", "--format", "{{.ID}} {{.Status}}").count("Up")
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
    # In a clone without .env, the shell's name is not written to it.
    clone = checkout.folder.with_name("clone")
    run("cp", "-a", new, clone)
    (clone / ".env").unlink()
    for folder, advice, variables in (
        (copied, "remove that line from .env", {}),
        (new, "unset it in your shell", {"COMPOSE_PROJECT_NAME": name}),
    ):
        for task in tasks:
            words = (*checkout.prefix, "fab", *task.split(" ", 1))
            result = run(*words, cwd=folder, env={**checkout.variables, **variables}, check=False)
            assert result.returncode == 1, task
            assert f"belong to {checkout.folder}: {advice}" in result.stdout, task
    words, variables_of_shell = (
        (*checkout.prefix, "fab", "status"),
        {**checkout.variables, "COMPOSE_PROJECT_NAME": name},
    )
    assert "unset it in your shell" in run(*words, cwd=clone, env=variables_of_shell, check=False).stdout
    assert f"COMPOSE_PROJECT_NAME={name}\n" not in (clone / ".env").read_text()
    assert checkout.compose("ps", "--format", "{{.ID}} {{.Status}}").count("Up") == before
    assert checkout.shows("/", "</html>")

    checkout.compose("down")
    assert "unset it in your shell" in run(*words, cwd=new, env=variables_of_shell, check=False).stdout
    result = run(*checkout.prefix, "fab", "migrate", cwd=copied, env=checkout.variables, check=False)
    assert f"belong to {checkout.folder}: remove that line from .env" in result.stdout
    checkout.folder.rename(checkout.folder.with_name("moved"))
    checkout.folder = checkout.folder.with_name("moved")
    assert "No migrations to apply" in checkout.fab("migrate")
    result = run(*checkout.prefix, "fab", "migrate", cwd=copied, env=checkout.variables, check=False)
    assert f"belong to {checkout.folder}" in result.stdout
    # Another checkout at the path of this one, whose containers are running.
    path = checkout.folder
    checkout.folder = path.rename(path.with_name("moved, again"))
    run("cp", "-a", new, path)
    checkout.fab("status")


def test_removed_service(checkout: Checkout, valkey: None) -> None:
    """`fab status` shows and `fab stop` stops services that were removed from .env or Compose's files."""
    override = checkout.folder / "docker-compose.override.yml"
    override.write_text("services: {removed: {image: 'valkey/valkey:9'}}")
    checkout.set_env(COMPOSE_PROFILES="cache")
    checkout.fab("start")
    checkout.set_env(COMPOSE_PROFILES=None)
    override.unlink()
    status = checkout.fab("status")
    assert "cache-1" in status
    assert "removed-1" in status
    checkout.fab("stop")
    label = f"label=com.docker.compose.project={checkout.read_env('COMPOSE_PROJECT_NAME')}"
    assert docker("ps", "--quiet", "--filter", label) == ""


def test_resources_of_another_project(make_checkout, other_project: dict[str, str]) -> None:
    """No task changes a container, image, network or volume of another project."""

    def get_state() -> dict[str, str]:
        template = {
            "container": "{{.Id}} {{.State.Running}} {{.State.StartedAt}}",
            "volume": "{{.CreatedAt}}",
        }
        return {
            kind: docker(kind, "inspect", "--format", template.get(kind, "{{.Id}}"), name)
            for kind, name in other_project.items()
        }

    before = get_state()
    checkout = make_checkout()
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
        checkout.fab(task, check=False)
        assert get_state() == before, task
    checkout.fab("manage", "check")
    checkout.fab("logs", "--no-follow")
    checkout.fab("stop")
    assert get_state() == before
