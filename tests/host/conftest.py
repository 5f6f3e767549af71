"""A generated project that runs on the host, without Docker."""

from collections.abc import Iterator

import pytest

from tests.production import find_free_port
from tests.project import Install, Project


@pytest.fixture(scope="module")
def site(cookies_session, install: Install) -> Iterator[tuple[Project, str]]:
    """Return a project whose site is running, and the site's URL."""
    project = install(cookies_session.bake().project_path)
    port = find_free_port()
    project.variables["WEB_PORT"] = str(port)
    project.run("fab", "start")
    yield project, f"http://localhost:{port}"
    project.run("fab", "stop")
