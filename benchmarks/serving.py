"""The cost of a request, compared with a plain Django project and a bare WSGI function.

Each site is one gunicorn worker in a container of the same image, with the same Python, Django and gunicorn:

- ours: the production image as it is, on PostgreSQL;
- startproject: what `django-admin startproject` makes, with DEBUG off and one view that renders the same page
  as a template, under gunicorn's defaults;
- bare WSGI: a function that returns the bytes of the same page, under gunicorn's defaults: the upper limit.

Processor time is that of the gunicorn processes alone. Other work on the machine hardly changes it, but
changes requests per second a lot.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, bars, table
from tests.docker.engine import HEADERS, Container, Network, cookie_line, docker, eventually, log_in, run

CONNECTIONS = 8
SECONDS = 4
# The number of users who sign in, in each round.
PEOPLE = 10

# The same page for all: what ours has answered, put at /tmp/home.html.
PLAIN = """
cd /tmp && django-admin startproject plain && cd plain && mkdir templates && cp /tmp/home.html templates/
cat > plain/urls.py << END
from django.urls import path
from django.views.generic import TemplateView
urlpatterns = [path("", TemplateView.as_view(template_name="home.html"))]
END
cat >> plain/settings.py << END
DEBUG = False
ALLOWED_HOSTS = ["*"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
END
exec env DJANGO_SETTINGS_MODULE=plain.settings gunicorn --bind 0.0.0.0:8000 plain.wsgi
"""
BARE = """
cd /tmp
cat > bare.py << END
page = open("/tmp/home.html", "rb").read()
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(page)))])
    return [page]
END
exec gunicorn --bind 0.0.0.0:8000 bare:application
"""


@dataclass
class Page:
    """A page of a site, and what was measured of it."""

    site: str
    name: str
    container: Container
    path: str
    headers: dict[str, str]
    processor: Figure
    rate: Figure
    half: Figure
    slowest: Figure


def measure(image: str, folder: Path, rounds: int, say: Callable[[str], None]) -> str:
    """Measure all pages in turn, `rounds` times; return the chapter in Markdown."""
    with network() as net:
        pages = list(start(net, image, folder))
        for number in range(rounds):
            say(f"serving: round {number + 1} of {rounds}")
            for page in pages:
                load(page)
        say("serving: sign-in")
        sign_in = signing_in(pages[0].container, rounds)
        say("serving: workers")
        workers = [with_workers(net, image, number, rounds) for number in (1, 2, 4)]
        say("serving: containers")
        containers = [with_containers(net, image, number, rounds) for number in (1, 2, 3, 4)]
    return chapter(pages, sign_in, workers, containers)


@contextmanager
def network() -> Iterator[Network]:
    """Make a network, and remove it with its containers."""
    net = Network(f"slipway-benchmark-{uuid.uuid4().hex[:12]}")
    docker("network", "create", net.name)
    try:
        yield net
    finally:
        net.remove()


def start(net: Network, image: str, folder: Path) -> Iterator[Page]:
    """Start the three sites and yield their pages."""
    net.database()
    ours = net.site(image, WEB_CONCURRENCY="1").ready()
    home = ours.get("/")
    style = re.search(r'href="(/static/[^"]+\.css)"', home.body)[1]
    signed_in = {**HEADERS, "Cookie": cookie_line(log_in(ours))}
    yield page("ours", "home page", ours, "/", HEADERS)
    yield page(
        "ours",
        "admin, signed in: session, user and log from the database",
        ours,
        "/admin/",
        signed_in,
    )
    yield page("ours", "static file", ours, style, {**HEADERS, "Accept-Encoding": "br"})
    yield page("ours", "/healthz", ours, "/healthz", HEADERS)

    file = folder / "home.html"
    file.write_text(home.body.replace("{", "&#123;").replace("}", "&#125;"), encoding="utf-8")
    file.chmod(0o644)
    for name, script in (("startproject", PLAIN), ("bare WSGI", BARE)):
        mount = ("--volume", f"{file}:/tmp/home.html:ro")
        other = net.run(image, "sh", "-euc", script, options=mount)
        eventually(lambda other=other: other.status("/") == 200, 60, f"{name}: {other.logs()}")
        yield page(name, "home page", other, "/", HEADERS)


def page(site: str, name: str, container: Container, path: str, headers: dict[str, str]) -> Page:
    """Return a page of which nothing is measured yet."""
    figures = (Figure("ms", 2), Figure("/s", 0), Figure("ms", 1), Figure("ms", 1))
    return Page(site, name, container, path, headers, *figures)


def load(page: Page) -> None:
    """Ask for the page as fast as it is answered, and note what that took."""
    headers = [word for name, value in page.headers.items() for word in ("--header", f"{name}: {value}")]
    words = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--latency", *headers]
    address = f"http://{page.container.address}:8000{page.path}"
    run(*words, "--duration", "1s", address)
    before = processor_seconds(page.container)
    output = run(*words, "--duration", f"{SECONDS}s", address).stdout
    used = processor_seconds(page.container) - before
    if failed := re.search(r"(Non-2xx|Socket errors).*", output):
        raise AssertionError(f"{page.site} {page.path}: {failed[0]}")
    requests = int(re.search(r"(\d+) requests in", output)[1])
    page.processor.values.append(1000 * used / requests)
    page.rate.values.append(float(re.search(r"Requests/sec: +([\d.]+)", output)[1]))
    page.half.values.append(milliseconds(output, "50%"))
    page.slowest.values.append(milliseconds(output, "99%"))


def processor_seconds(container: Container) -> float:
    """Return for how long gunicorn's processes have had a processor, in seconds.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime, stime and those of ended children.
    """
    script = (
        "import os, pathlib\n"
        "ticks = 0\n"
        "for p in pathlib.Path('/proc').glob('[0-9]*'):\n"
        "    if (p / 'cmdline').read_bytes().find(b'/gunicorn') > 0:\n"
        "        ticks += sum(map(int, (p / 'stat').read_text().rsplit(')', 1)[1].split()[11:15]))\n"
        "print(ticks / os.sysconf('SC_CLK_TCK'))"
    )
    return float(container.exec("python", "-c", script))


def milliseconds(output: str, share: str) -> float:
    """Return within how many milliseconds this share of the requests was answered, from wrk's output."""
    number, unit = re.search(rf"{share} +([\d.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def signing_in(site: Container, rounds: int) -> Figure:
    """Sign ten people in, in each round, each from an address of their own; return what one took."""
    script = (
        "from apps.accounts.models import User\n"
        f"for n in range({rounds * PEOPLE}): User.objects.create_user(f'{{n}}@example.org', 'correct-horse')"
    )
    site.exec("python", "manage.py", "shell", "--command", script)
    form = site.get("/account/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.body)[1]
    cookie = cookie_line(form.cookies)
    figure = Figure("ms", 1)
    for round_number in range(rounds):
        before = processor_seconds(site)
        for n in range(round_number * PEOPLE, (round_number + 1) * PEOPLE):
            fields = {
                "csrfmiddlewaretoken": token,
                "username": f"{n}@example.org",
                "password": "correct-horse",
            }
            address = f"198.51.{n // 256}.{n % 256}"
            response = site.get("/account/login/", fields, Cookie=cookie, X_Forwarded_For=address)
            assert response.status == 302, response.body
        figure.values.append(1000 * (processor_seconds(site) - before) / PEOPLE)
    return figure


def with_workers(net: Network, image: str, workers: int, rounds: int) -> list[object]:
    """Return a row of the table: the workers, requests per second, and the memory of their processes."""
    site = net.site(image, WEB_CONCURRENCY=str(workers)).ready()
    home = page("ours", "home page", site, "/", HEADERS)
    for _ in range(rounds):
        load(home)
    memory = proportional_memory(site)
    site.stop()
    return [workers, home.rate, f"{memory:.0f} MB"]


def with_containers(net: Network, image: str, count: int, rounds: int) -> list[object]:
    """Return a row of the table: the containers, requests per second of all, and their memory."""
    sites = [net.site(image, WEB_CONCURRENCY="1").ready() for _ in range(count)]
    rate = Figure("/s", 0)
    for _ in range(rounds):
        homes = [page("ours", "home page", site, "/", HEADERS) for site in sites]
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(load, homes))
        rate.values.append(sum(home.rate.median for home in homes))
    memory = sum(map(proportional_memory, sites))
    for site in sites:
        site.stop()
    return [count, rate, f"{memory:.0f} MB"]


def proportional_memory(site: Container) -> float:
    """Return the MB of a site's processes, pages that they share counted once."""
    script = (
        "import pathlib, re\n"
        "kb = 0\n"
        "for p in pathlib.Path('/proc').glob('[0-9]*'):\n"
        "    if (p / 'cmdline').read_bytes().find(b'/gunicorn') > 0:\n"
        "        kb += int(re.search(r'^Pss: +(\\d+)', (p / 'smaps_rollup').read_text(), re.M)[1])\n"
        "print(kb)"
    )
    return int(site.exec("python", "-c", script)) * 1024 / 1e6


def chapter(
    pages: list[Page], sign_in: Figure, workers: list[list[object]], containers: list[list[object]]
) -> str:
    """Return what was measured, in Markdown."""
    rows = [[f"{p.site}: {p.name}", p.processor, p.rate, p.half, p.slowest] for p in pages]
    homes = {p.site: p.processor.median for p in pages if p.name == "home page"}
    return "\n".join(
        [
            "## Serving\n",
            (__doc__ or "").split("\n\n", 1)[1],
            f"One worker; `wrk` on the same machine, {CONNECTIONS} connections, {SECONDS} s in each round.\n",
            table(["Page", "Processor time per request", "Requests", "Median", "99th percentile"], rows),
            bars("Processor time for the home page", "ms per request", homes),
            f"A sign-in takes {sign_in} of processor time, most of it for Argon2, which is expensive\n"
            "by design.\n",
            table(["Workers, first page", "Requests", "Memory in all"], workers),
            "Containers of one worker share the machine's processors with a `wrk` for each.\n",
            table(["Containers, first page", "Requests", "Memory in all"], containers),
        ]
    )
