"""Fixtures for tests on a real Docker engine: images are built once, containers are not shared."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import CACHE
from tests.docker import engine
from tests.docker.checkout import Checkout, NodeServer
from tests.docker.engine import SECRET, UNWANTED, Container, Network, docker
from tests.production import find_free_port

HERE = Path(__file__).resolve().parent
MAILPIT = "axllent/mailpit:v1.29"
VALKEY = "valkey/valkey:9"
# These files take longest: begun first, one in each worker, they leave none idle at the end.
LONGEST = ["test_ci.py", "test_host.py", "test_development.py"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the containers of a failed test have printed."""
    report = yield
    networks = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Network)]
    if report.failed:
        for container in [container for network in networks for container in network.containers]:
            report.sections.append((f"container {container[:12]}", Container(container).logs()))
    return report


@pytest.fixture(scope="session")
def project(default_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated project, as a developer's folder looks after a day's work.

    It holds what must never come into an image: a secret, history, caches and data.
    """
    folder = tmp_path_factory.mktemp("docker") / "site"
    shutil.copytree(default_project, folder)
    for name in UNWANTED:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{SECRET}\n")
    return folder


@pytest.fixture(scope="session")
def build_options(project: Path) -> tuple[str, ...]:
    """Return what a build needs on this network: nothing, or the index that Poetry is to read."""
    return engine.build_options(project)


@pytest.fixture(scope="session")
def tag() -> Iterator[Callable[[], str]]:
    """Return a maker of image names, which are removed in the end."""
    names = []

    def tag() -> str:
        names.append(f"slipway-test:{uuid.uuid4().hex[:12]}")
        return names[-1]

    yield tag
    if names:
        docker("image", "rm", "--force", *names, check=False)


@contextmanager
def one_at_a_time(name: str = "docker-build") -> Iterator[None]:
    """Wait for other workers: the same build twice at once makes two layers with one content."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def production(project: Path, build_options: tuple[str, ...], tag: Callable[[], str]) -> str:
    """Return the production image: what a bare build makes."""
    name = tag()
    with one_at_a_time():
        engine.build(project, name, *build_options)
    return name


@pytest.fixture(scope="session")
def stage(project: Path, build_options: tuple[str, ...], tag: Callable[[], str]) -> Callable[[str], str]:
    """Return a builder of one stage's image."""
    built = {}

    def stage(name: str) -> str:
        if name not in built:
            built[name] = tag()
            with one_at_a_time():
                engine.build(project, built[name], "--target", name, *build_options)
        return built[name]

    return stage


@pytest.fixture
def network() -> Iterator[Network]:
    """Return a network for one test."""
    with new_network() as network:
        yield network


@contextmanager
def new_network() -> Iterator[Network]:
    """Create a network, and remove it with its containers at the end."""
    network = Network(f"slipway-test-{uuid.uuid4().hex[:12]}")
    docker("network", "create", network.name)
    try:
        yield network
    finally:
        network.remove()


@pytest.fixture
def database(network: Network) -> Container:
    """Return an empty database in that network, under the name db."""
    return network.database()


@pytest.fixture
def site(network: Network, database: Container, production: str) -> Container:
    """Return the production image serving from that database."""
    return network.site(production).ready()


@pytest.fixture(scope="session")
def mailpit() -> None:
    """Build what takes Mailpit's place where its image is neither here nor to be had."""
    stand_in(MAILPIT, HERE / "images" / "mailpit")


@pytest.fixture(scope="session")
def valkey() -> None:
    """Build what takes the place of Valkey's own image, likewise."""
    stand_in(VALKEY, HERE / "images" / "valkey")


def stand_in(image: str, folder: Path) -> None:
    """Build `image` from `folder` if it is neither here nor to be had."""
    if engine.run("docker", "image", "inspect", image, check=False).returncode == 0:
        return
    if os.environ.get("CI") and engine.run("docker", "pull", image, check=False).returncode == 0:
        return
    docker("build", "--tag", image, folder)


@pytest.fixture(scope="session")
def node_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeServer]:
    """Return a server that stands in for nodejs.org and for nvm's own site."""
    server = NodeServer(tmp_path_factory.mktemp("node"))
    yield server
    server.remove()


@pytest.fixture
def checkout(
    default_project: Path,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    mailpit: None,
    node_server: NodeServer,
    tmp_path: Path,
) -> Iterator[Callable[..., Checkout]]:
    """Return a maker of checkouts, each with its .env, containers and home folder; all go in the end."""
    with checkouts(default_project, project_variables, build_options, node_server, tmp_path) as checkout:
        yield checkout


def ports() -> dict[str, str]:
    """Return free ports for a checkout: what `fab` finds free is another worker's by the time it starts."""
    return {name: str(find_free_port()) for name in ("WEB_PORT", "MAIL_PORT", "DEBUG_PORT")}


@pytest.fixture
def default_ports() -> Iterator[None]:
    """Keep the ports of .env's defaults, 5678 among them, from other workers' tests."""
    with one_at_a_time("default-ports"):
        yield


@contextmanager
def checkouts(
    project: Path, variables: dict[str, str], build_options: tuple[str, ...], server: NodeServer, parent: Path
) -> Iterator[Callable[..., Checkout]]:
    """Yield a maker of checkouts in the folder `parent`; they and their containers go in the end."""
    made = []

    def checkout(
        name: str = "site", uid: int = os.getuid(), gid: int = os.getgid(), with_ports: bool = True
    ) -> Checkout:
        folder = shutil.copytree(project, parent / name, symlinks=True)
        made.append(Checkout(folder, parent / f"home-of-{name}", uid, gid, variables))
        made[-1].fab("setup")
        mirror = dict(option.split("=", 1) for option in build_options[1:])
        made[-1].set_env(RUN_IN="docker", **server.variables, **mirror)
        if with_ports:
            made[-1].set_env(**ports())
        return made[-1]

    yield checkout
    for each in made:
        each.remove()


@pytest.fixture
def started(checkout: Callable[..., Checkout], node_server: NodeServer, node_modules: Path) -> Checkout:
    """Return a checkout after `fab build` and `fab start`, not the first of this developer."""
    made = checkout()
    made.warm(node_server, node_modules)
    made.fab("build", "start")
    return made
