"""The final image under everything that takes rights from it."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.conftest import new_network
from tests.docker.engine import Container, Network
from tests.production import wait_until

HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=12345:12345",
)
COMPLAINT = re.compile(r"permission denied|read-only|Traceback|\b(WARNING|ERROR|CRITICAL)\b")


@pytest.fixture(scope="module")
def hardened_network() -> Iterator[Network]:
    """Return a network for the hardened site, whose tests share one container."""
    with new_network() as network:
        yield network


@pytest.fixture(scope="module")
def hardened(hardened_network: Network, production: str) -> Container:
    """Return a site with a read-only disk, no capability, and a user that the image does not know."""
    hardened_network.database()
    return hardened_network.site(production, HARDENED).ready()


def test_serves_pages_admin_and_static_files(hardened: Container) -> None:
    """Read-only, without capabilities and as another user, the site serves pages, admin and static files."""
    home = hardened.get("/")
    assert home.status == 200
    stylesheet = re.search(r'href="(/static/dist/css/main\.[0-9a-f]{12}\.css)"', home.body)[1]
    served = hardened.get(stylesheet, Accept_Encoding="br")
    assert served.status == 200
    assert served.headers["Content-Encoding"] == "br"
    assert "immutable" in served.headers["Cache-Control"]
    cookies = engine.log_in(hardened)
    admin = hardened.get("/admin/", Cookie=engine.cookie_line(cookies))
    assert admin.status == 200
    assert "admin@example.org" in admin.body or "/admin/logout/" in admin.body
    assert hardened.exec("id", "-u") == "12345"


def test_logs_no_complaint(hardened: Container) -> None:
    """The log has no error about a failed write."""
    hardened.get("/")
    assert not COMPLAINT.search(hardened.logs())


# gunicorn on a machine of 16 processors, as far as it can tell.
SIXTEEN = (
    "import os, sys; os.sched_getaffinity = lambda _: set(range(16));"
    " sys.argv = ['gunicorn', '--config', 'config/gunicorn.py', 'config.wsgi'];"
    " from gunicorn.app.wsgiapp import run; run()"
)


@pytest.mark.parametrize(("memory", "workers"), [("128m", 1), ("256m", 2), ("512m", 4)])
def test_workers_fit_into_the_memory(
    hardened_network: Network, hardened: Container, production: str, memory: str, workers: int
) -> None:
    """A small container on a large machine has as many workers as its memory holds, and none is killed."""
    limits = (f"--memory={memory}", f"--memory-swap={memory}", "--entrypoint=python")
    variables = {**engine.BEHIND_PROXY, "DATABASE_URL": "postgres://app:app@db:5432/app"}
    variables.pop("WEB_CONCURRENCY", None)
    site = hardened_network.run(production, "-c", SIXTEEN, options=limits, **variables).ready()
    assert f"{workers} workers: 16 CPUs, memory for {workers} workers" in site.logs()
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(site.status, ["/", "/account/login/", "/robots.txt"] * 200)) == {200}
    assert len(site.workers()) == workers
    assert "was sent" not in site.logs()
    assert site.inspect("{{.State.OOMKilled}}") == "false"


def test_another_port(hardened_network: Network, hardened: Container, production: str) -> None:
    """With `PORT` it serves there, by IPv4 and IPv6, and the image's health check asks there."""
    site = hardened_network.site(production, HARDENED, PORT="8080")
    wait_until(lambda: site.inspect("{{.State.Health.Status}}") == "healthy", 60)
    for host in ("127.0.0.1", "::1"):
        ask = f"""
from http.client import HTTPConnection
site = HTTPConnection("{host}", 8080)
site.request("GET", "/", headers={engine.HEADERS})
print(site.getresponse().status)"""
        assert site.exec("python", "-c", ask) == "200"
        assert f'"address": "{host}"' in site.logs()


def test_a_checkout_that_only_its_owner_can_read(
    hardened_network: Network,
    hardened: Container,
    project: Path,
    build_options: tuple[str, ...],
    tag: Callable[[], str],
    tmp_path: Path,
) -> None:
    """From a checkout made under umask 077, with a text that an app reads, the image serves any user."""
    folder = shutil.copytree(project, tmp_path / "site", symlinks=True)
    (folder / "apps" / "core" / "terms.md").write_text("Terms\n")
    engine.run("chmod", "-R", "go=", folder)
    name = tag()
    engine.build(folder, name, *build_options)
    site = hardened_network.site(name, HARDENED).ready()
    assert site.status("/") == 200
    assert site.exec("cat", "apps/core/terms.md") == "Terms"


def test_becomes_healthy(hardened: Container) -> None:
    """Docker's own health check works there too."""
    wait_until(lambda: hardened.inspect("{{.State.Health.Status}}") == "healthy", 30)


def test_writes_nothing(site: Container) -> None:
    """With a writable disk, nothing is written: `docker diff` is empty."""
    engine.log_in(site)
    assert site.get("/").status == 200
    assert engine.docker("diff", site.id) == ""


@pytest.mark.parametrize("path", ["/nowhere", "/static/nowhere.css"])
def test_health_check_fails_on_an_error(site: Container, path: str) -> None:
    """A status of 400 or above fails the health check."""
    command = [
        "docker",
        "exec",
        site.id,
        *engine.config(site.inspect("{{.Image}}"))["Healthcheck"]["Test"][1:],
    ]
    assert engine.run(*command).returncode == 0
    program = engine.in_image(site.inspect("{{.Image}}"), "cat config/healthcheck.py")
    broken = program.replace("/healthz", path)
    assert broken != program
    assert engine.run("docker", "exec", site.id, "python", "-c", broken, check=False).returncode != 0


def test_missing_configuration(production: str) -> None:
    """Without configuration it exits with an error that names every missing variable and the fix."""
    result = engine.run("docker", "run", "--rm", "--read-only", production, check=False)
    assert result.returncode != 0
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"):
        assert re.search(rf"^ +{name} ", result.stdout, re.MULTILINE), result.stdout
    assert "Traceback" not in result.stdout
    assert len(result.stdout.splitlines()) < 10
