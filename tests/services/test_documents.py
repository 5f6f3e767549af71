"""The commands in a project's documents, run without Docker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import documents, terminal
from tests.conftest import Bake, make_repository
from tests.production import find_free_port
from tests.project import Install, Project


@pytest.fixture
def newcomer(document: str, bake: Bake, install: Install, tmp_path: Path) -> Iterator[Project]:
    """Return a project with this document in git, and a user with an empty home folder."""
    project = install(bake(**documents.ANSWERS.get(document, {})))
    make_repository(project.folder)
    home = tmp_path / "home"
    home.mkdir()
    ports = {name: str(find_free_port()) for name in ("WEB_PORT", "DEBUG_PORT")}
    path = f"{home}/.local/bin:{project.variables['PATH']}"
    project.variables |= {"HOME": str(home), "PATH": path, "TERM": "dumb", **ports}
    yield project
    project.run("fab", "stop")


@pytest.mark.parametrize("document", [*documents.list_project_documents(), *documents.ANSWERS])
def test_blocks_without_docker(document: str, newcomer: Project) -> None:
    """The shell blocks of a project's documents work without Docker, in order, in a new project."""
    for block in documents.read_blocks(newcomer.folder / document):
        if not block.docker and not block.skip_reason:
            print(terminal.run_block(block, newcomer.folder, newcomer.variables))
