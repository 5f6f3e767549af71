"""Fixtures for tests on a real Docker engine: images are shared, containers are not."""

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
# The longest files: if each worker starts with one, no worker is idle at the end.
LONGEST = ["test_ci.py", "test_host.py", "test_development.py"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of a failed test's containers."""
    report = yield
    networks = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Network)]
    if report.failed:
        for container in [container for network in networks for container in network.containers]:
            report.sections.append((f"container {container[:12]}", Container(container).logs()))
    return report


@pytest.fixture(scope="session")
def project(default_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated project after some daily work.

    It has files that must never be in an image: secrets, git history, caches and data.
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
    """Return the build options that this network needs: none, or a package index for Poetry."""
    return engine.get_build_options(project)


@pytest.fixture(scope="session")
def tag() -> Iterator[Callable[[], str]]:
    """Return a function that returns a new image name; these images are removed at the end."""
    names = []

    def tag() -> str:
        names.append(f"slipway-test:{uuid.uuid4().hex[:12]}")
        return names[-1]

    yield tag
    if names:
        docker("image", "rm", "--force", *names, check=False)


@contextmanager
def hold_lock(name: str = "docker-build") -> Iterator[None]:
    """Exclude other workers: two concurrent builds of the same image create two sets of layers."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def production(project: Path, build_options: tuple[str, ...], tag: Callable[[], str]) -> str:
    """Return the production image, from a build without options."""
    name = tag()
    with hold_lock():
        engine.build(project, name, *build_options)
    return name


@pytest.fixture(scope="session")
def stage(project: Path, build_options: tuple[str, ...], tag: Callable[[], str]) -> Callable[[str], str]:
    """Return a function that builds the image of a stage."""
    images = {}

    def stage(name: str) -> str:
        if name not in images:
            images[name] = tag()
            with hold_lock():
                engine.build(project, images[name], "--target", name, *build_options)
        return images[name]

    return stage


@pytest.fixture
def network() -> Iterator[Network]:
    """Return a network for one test."""
    with create_network() as network:
        yield network


@contextmanager
def create_network(prefix: str = "slipway-test") -> Iterator[Network]:
    """Create a network, and remove it with its containers at the end."""
    network = Network(f"{prefix}-{uuid.uuid4().hex[:12]}")
    docker("network", "create", network.name)
    try:
        yield network
    finally:
        network.remove()


@pytest.fixture
def database(network: Network) -> Container:
    """Return an empty database in that network, with the alias db."""
    return network.start_database()


@pytest.fixture
def site(network: Network, database: Container, production: str) -> Container:
    """Return a running site from the production image, with that database."""
    return network.start_site(production).wait_until_ready()


@pytest.fixture(scope="session")
def mailpit() -> None:
    """Build a substitute for Mailpit's image if it cannot be pulled."""
    build_substitute(MAILPIT, HERE / "images" / "mailpit")


@pytest.fixture(scope="session")
def valkey() -> None:
    """Build a substitute for Valkey's image if it cannot be pulled."""
    build_substitute(VALKEY, HERE / "images" / "valkey")


def build_substitute(image: str, folder: Path) -> None:
    """Build `image` from `folder` if it neither exists nor can be pulled."""
    if engine.run("docker", "image", "inspect", image, check=False).returncode == 0:
        return
    if os.environ.get("CI") and engine.run("docker", "pull", image, check=False).returncode == 0:
        return
    docker("build", "--tag", image, folder)


@pytest.fixture(scope="session")
def node_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeServer]:
    """Return a mirror of nodejs.org and of nvm's site."""
    server = NodeServer(tmp_path_factory.mktemp("node"))
    yield server
    server.remove()


@pytest.fixture
def make_checkout(
    default_project: Path,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    mailpit: None,
    node_server: NodeServer,
    tmp_path: Path,
) -> Iterator[Callable[..., Checkout]]:
    """Return a function that creates a checkout with its own .env, containers and home folder.

    All are removed at the end.
    """
    with create_checkouts(
        default_project, project_variables, build_options, node_server, tmp_path
    ) as make_checkout:
        yield make_checkout


def find_free_ports() -> dict[str, str]:
    """Return free ports for a checkout: `fab` could find the ports of another test worker."""
    return {name: str(find_free_port()) for name in ("WEB_PORT", "MAIL_PORT", "DEBUG_PORT")}


@pytest.fixture
def default_ports() -> Iterator[None]:
    """Reserve the default ports, such as 5678, for this test worker."""
    with hold_lock("default-ports"):
        yield


@contextmanager
def create_checkouts(
    project: Path, variables: dict[str, str], build_options: tuple[str, ...], server: NodeServer, parent: Path
) -> Iterator[Callable[..., Checkout]]:
    """Yield a function that creates checkouts in `parent`; remove them and their containers at the end."""
    checkouts = []

    def make_checkout(
        name: str = "site", uid: int = os.getuid(), gid: int = os.getgid(), with_ports: bool = True
    ) -> Checkout:
        folder = shutil.copytree(project, parent / name, symlinks=True)
        checkouts.append(Checkout(folder, parent / f"home-of-{name}", uid, gid, variables))
        checkouts[-1].fab("setup")
        mirror = dict(option.split("=", 1) for option in build_options[1:])
        checkouts[-1].set_env(RUN_IN="docker", **server.variables, **mirror)
        if with_ports:
            checkouts[-1].set_env(**find_free_ports())
        return checkouts[-1]

    yield make_checkout
    for checkout in checkouts:
        checkout.remove()


@pytest.fixture
def checkout(make_checkout: Callable[..., Checkout], node_server: NodeServer, node_modules: Path) -> Checkout:
    """Return a running checkout, not the first one of its developer."""
    checkout = make_checkout()
    checkout.preinstall_node(node_server, node_modules)
    checkout.fab("build", "start")
    return checkout
