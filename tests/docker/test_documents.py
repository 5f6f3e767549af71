"""The commands in a project's documents, run in Docker."""

import re
from collections.abc import Callable

import pytest

from tests import documents, terminal
from tests.conftest import make_repository
from tests.docker import engine
from tests.docker.checkout import Checkout
from tests.production import PRODUCTION, find_free_port

# Prerequisites of the documents, besides a project.
FILES = {"production.env": {**PRODUCTION, "DATABASE_URL": "sqlite:////tmp/site.sqlite3"}}


@pytest.fixture
def newcomer(checkout: Callable[..., Checkout]) -> Checkout:
    """Return a project in git, a user in it, and the files that the documents presuppose."""
    made = checkout()
    make_repository(made.folder)
    for name, values in FILES.items():
        lines = [f"{variable}={value}\n" for variable, value in values.items()]
        (made.folder / name).write_text("".join(lines))
    made.give_away(made.folder)
    made.variables["PATH"] = f"{made.home}/.local/bin:{made.variables['PATH']}"
    return made


@pytest.mark.parametrize("document", documents.list_project_documents())
def test_blocks_in_docker(
    document: str, newcomer: Checkout, build_options: tuple[str, ...], tag: Callable[[], str]
) -> None:
    """In Docker: each shell block of a document, in its order, in a new project."""
    image, port = tag(), str(find_free_port())
    for block in documents.read_blocks(newcomer.folder / document):
        if not block.skip_reason:
            # Names and ports of this machine are not ours alone.
            text = re.sub(r"(?m) site(?= |$)", f" {image}", block.text)
            text = text.replace("127.0.0.1:8000:", f"127.0.0.1:{port}:")
            block.text = engine.on_this_network(text, build_options)
            print(terminal.run_block(block, newcomer.folder, newcomer.variables, newcomer.prefix))
    assert newcomer.strangers() == []
