"""The production image with few privileges and resources."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.conftest import create_network
from tests.docker.engine import Container, Network
from tests.production import wait_until

HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=12345:12345",
)
LOGGED_PROBLEM = re.compile(r"permission denied|read-only|Traceback|\b(WARNING|ERROR|CRITICAL)\b")


@pytest.fixture(scope="module")
def hardened_network() -> Iterator[Network]:
    """Return a network for the hardened site, whose tests share one container."""
    with create_network() as network:
        yield network


@pytest.fixture(scope="module")
def hardened(hardened_network: Network, production: str) -> Container:
    """Return a site with a read-only disk, no capabilities, and an unknown UID."""
    hardened_network.start_database()
    return hardened_network.start_site(production, HARDENED).wait_until_ready()


def test_serves_pages_admin_and_static_files(hardened: Container) -> None:
    """On a read-only disk, without capabilities and with an unknown UID, the site serves all its pages."""
    home = hardened.get("/")
    assert home.status == 200
    stylesheet = re.search(r'href="(/static/dist/css/main\.[0-9a-f]{12}\.css)"', home.body)[1]
    response = hardened.get(stylesheet, Accept_Encoding="br")
    assert response.status == 200
    assert response.headers["Content-Encoding"] == "br"
    assert "immutable" in response.headers["Cache-Control"]
    cookies = engine.log_in(hardened)
    admin = hardened.get("/admin/", Cookie=engine.format_cookies(cookies))
    assert admin.status == 200
    assert "admin@example.org" in admin.body or "/admin/logout/" in admin.body
    assert hardened.exec("id", "-u") == "12345"


def test_logs_no_problem(hardened: Container) -> None:
    """The log of a hardened container has no warnings and no errors."""
    hardened.get("/")
    assert not LOGGED_PROBLEM.search(hardened.logs())


# gunicorn, made to see 16 CPUs.
RUN_WITH_16_CPUS = (
    "import os, sys; os.sched_getaffinity = lambda _: set(range(16));"
    " sys.argv = ['gunicorn', '--config', 'config/gunicorn.py', 'config.wsgi'];"
    " from gunicorn.app.wsgiapp import run; run()"
)


@pytest.mark.parametrize(("memory", "workers"), [("128m", 1), ("256m", 2), ("512m", 4)])
def test_workers_fit_into_the_memory(
    hardened_network: Network, hardened: Container, production: str, memory: str, workers: int
) -> None:
    """The number of workers is limited by the container's memory, so none runs out of memory."""
    limits = (f"--memory={memory}", f"--memory-swap={memory}", "--entrypoint=python")
    variables = {**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"}
    variables.pop("WEB_CONCURRENCY", None)
    site = hardened_network.run(
        production, "-c", RUN_WITH_16_CPUS, options=limits, **variables
    ).wait_until_ready()
    assert f"{workers} workers: 16 CPUs, memory for {workers} workers" in site.logs()
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(site.get_status, ["/", "/account/login/", "/robots.txt"] * 200)) == {200}
    assert len(site.list_workers()) == workers
    assert "was sent" not in site.logs()
    assert site.inspect("{{.State.OOMKilled}}") == "false"


def test_another_port(hardened_network: Network, hardened: Container, production: str) -> None:
    """With `PORT` the site serves on that port over IPv4 and IPv6, and the health check uses it."""
    site = hardened_network.start_site(production, HARDENED, PORT="8080")
    wait_until(lambda: site.inspect("{{.State.Health.Status}}") == "healthy", 60)
    for host in ("127.0.0.1", "::1"):
        ask = f"""
from http.client import HTTPConnection
site = HTTPConnection("{host}", 8080)
site.request("GET", "/", headers={engine.HEADERS})
print(site.getresponse().status)"""
        assert site.exec("python", "-c", ask) == "200"
        assert f'"address": "{host}"' in site.logs()


def test_umask_of_the_checkout(
    hardened_network: Network,
    hardened: Container,
    project: Path,
    build_options: tuple[str, ...],
    tag: Callable[[], str],
    tmp_path: Path,
) -> None:
    """An image from a checkout with umask 077 works for any UID."""
    folder = shutil.copytree(project, tmp_path / "site", symlinks=True)
    (folder / "apps" / "core" / "terms.md").write_text("Terms\n")
    engine.run("chmod", "-R", "go=", folder)
    name = tag()
    engine.build(folder, name, *build_options)
    site = hardened_network.start_site(name, HARDENED).wait_until_ready()
    assert site.get_status("/") == 200
    assert site.exec("cat", "apps/core/terms.md") == "Terms"


def test_becomes_healthy(hardened: Container) -> None:
    """The image's health check passes in a hardened container."""
    wait_until(lambda: hardened.inspect("{{.State.Health.Status}}") == "healthy", 30)


def test_writes_nothing(site: Container) -> None:
    """The site writes nothing to its disk: `docker diff` is empty."""
    engine.log_in(site)
    assert site.get("/").status == 200
    assert engine.docker("diff", site.id) == ""


@pytest.mark.parametrize("path", ["/nowhere", "/static/nowhere.css"])
def test_health_check_fails_on_an_error(site: Container, path: str) -> None:
    """The health check fails on a status of 400 or above."""
    command = [
        "docker",
        "exec",
        site.id,
        *engine.read_config(site.inspect("{{.Image}}"))["Healthcheck"]["Test"][1:],
    ]
    assert engine.run(*command).returncode == 0
    program = engine.run_in_image(site.inspect("{{.Image}}"), "cat config/healthcheck.py")
    failing = program.replace("/healthz", path)
    assert failing != program
    assert engine.run("docker", "exec", site.id, "python", "-c", failing, check=False).returncode != 0


def test_missing_configuration(production: str) -> None:
    """Without configuration the image exits with an error that names every missing variable and its fix."""
    result = engine.run("docker", "run", "--rm", "--read-only", production, check=False)
    assert result.returncode != 0
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"):
        assert re.search(rf"^ +{name} ", result.stdout, re.MULTILINE), result.stdout
    assert "Traceback" not in result.stdout
    assert len(result.stdout.splitlines()) < 10
