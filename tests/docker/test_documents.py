"""The commands in a project's documents, run in Docker."""

import re
from collections.abc import Callable

import pytest

from tests import documents, terminal
from tests.conftest import make_repository
from tests.docker import engine
from tests.docker.checkout import Checkout
from tests.production import PRODUCTION, find_free_port

# Files that the documents require.
FILES = {"production.env": {**PRODUCTION, "DATABASE_URL": "sqlite:////tmp/site.sqlite3"}}


@pytest.fixture
def newcomer(make_checkout: Callable[..., Checkout]) -> Checkout:
    """Return a project in git, with the files that the documents require."""
    checkout = make_checkout()
    make_repository(checkout.folder)
    for name, values in FILES.items():
        lines = [f"{variable}={value}\n" for variable, value in values.items()]
        (checkout.folder / name).write_text("".join(lines))
    checkout.chown(checkout.folder)
    checkout.variables["PATH"] = f"{checkout.home}/.local/bin:{checkout.variables['PATH']}"
    return checkout


@pytest.mark.parametrize("document", documents.list_project_documents())
def test_blocks_in_docker(
    document: str, newcomer: Checkout, build_options: tuple[str, ...], tag: Callable[[], str]
) -> None:
    """The shell blocks of a project's documents work in Docker, in order, in a new project."""
    image, port = tag(), str(find_free_port())
    for block in documents.read_blocks(newcomer.folder / document):
        if not block.skip_reason:
            # Other tests use the same names and ports on this machine.
            text = re.sub(r"(?m) site(?= |$)", f" {image}", block.text)
            text = text.replace("127.0.0.1:8000:", f"127.0.0.1:{port}:")
            block.text = engine.add_build_options(text, build_options)
            print(terminal.run_block(block, newcomer.folder, newcomer.variables, newcomer.prefix))
    assert newcomer.find_foreign_files() == []
