"""The cost of a request, compared with a plain Django project and a bare WSGI function.

Each site runs one gunicorn worker in a container of the same image, with the same Python, Django and
gunicorn:

- Slipway: the unchanged production image, on PostgreSQL;
- startproject: the project that `django-admin startproject` creates, with DEBUG off, WhiteNoise for the
  static files, and a view that renders Slipway's first page as a template without tags;
- bare WSGI: a function that returns the bytes of that page, as the upper limit.

gthread has four threads and keeps connections open. sync, gunicorn's default, serves one request at a time
and closes each connection.

CPU time is that of the gunicorn processes only. Other work on the machine hardly affects it, but greatly
affects requests per second.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, render_bars, render_table
from tests.docker.conftest import create_network
from tests.docker.engine import HEADERS, Container, Network, format_cookies, log_in, run, wait_until

CONNECTIONS = 8
SECONDS = 4
# The number of sign-ins in each round.
USERS = 10

WORKERS = {
    "gthread": "--worker-class gthread --threads 4 --keep-alive 75",
    "sync": "--worker-class sync --threads 1",
}
# A worker class and the number of processes.
PROCESSES = (("gthread", 1), ("gthread", 2), ("gthread", 4), ("sync", 2), ("sync", 4), ("sync", 8))
# How long one of the views waits, as for another service, in seconds.
WAIT = 0.05
# Views that do the same on each site, within the site's own middleware.
VIEWS = f"""
import time
from django.http import HttpResponse
page = open("/tmp/home.html", "rb").read()

def send_bytes(request):
    return HttpResponse(page)

def wait(request):
    time.sleep({WAIT})
    return HttpResponse(page)

urlpatterns = [path("bytes/", send_bytes), path("wait/", wait), *urlpatterns]
"""
# This site serves the image's static files, too.
PLAIN = f"""
cd /tmp && django-admin startproject plain && cd plain && mkdir templates && cp /tmp/home.html templates/
cat > plain/urls.py << END
from django.urls import path
from django.views.generic import TemplateView
urlpatterns = [path("", TemplateView.as_view(template_name="home.html"))]
{VIEWS}
END
cat >> plain/settings.py << END
DEBUG = False
ALLOWED_HOSTS = ["*"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
STATIC_ROOT = "/app/staticfiles"
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
# Pages that do the same on every site, and one that does not.
BYTES, STATIC, HOME = "the same page as bytes", "the same static file", "first page"


@dataclass
class Page:
    """A page of a site, and its figures."""

    site: str
    name: str
    container: Container
    path: str
    headers: dict[str, str]
    cpu_time: Figure
    rate: Figure
    median_time: Figure
    slow_time: Figure


def measure(image: str, folder: Path, rounds: int, report: Callable[[str], None]) -> str:
    """Measure all pages in each round; return the section in Markdown."""
    with create_network("slipway-benchmark") as net:
        pages = list(start_sites(net, image, folder))
        for number in range(rounds):
            report(f"serving: round {number + 1} of {rounds}")
            for page in pages:
                measure_page(page)
        report("serving: sign-in")
        sign_in = measure_sign_in(pages[0].container, rounds)
        report("serving: workers")
        mounts = mount_views(folder)
        workers = [measure_workers(net, image, mounts, *each, rounds) for each in PROCESSES]
    return render_section(pages, sign_in, workers)


def start_sites(net: Network, image: str, folder: Path) -> Iterator[Page]:
    """Start the sites and yield their pages, ours first."""
    net.start_database()
    first = net.start_site(image, WEB_CONCURRENCY="1").wait_until_ready()
    home = first.get("/").body
    style = re.search(r'href="(/static/[^"]+\.css)"', home)[1]
    urls = first.exec("cat", "config/urls.py") + VIEWS
    first.stop()

    for name, text in (("home.html", home.replace("{", "&#123;").replace("}", "&#125;")), ("urls.py", urls)):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
    mounts = mount_views(folder)
    for worker, arguments in WORKERS.items():
        settings = {"WEB_CONCURRENCY": "1", "GUNICORN_CMD_ARGS": arguments}
        ours = net.start_site(image, mounts, **settings).wait_until_ready()
        yield from list_pages(f"Slipway, {worker}", ours, style)
        if worker == "gthread":
            cookie = format_cookies(log_in(ours))
            headers = {**HEADERS, "Cookie": cookie}
            yield create_page("Slipway, gthread", "admin, signed in", ours, "/admin/", headers)
            yield create_page("Slipway, gthread", "/healthz", ours, "/healthz", HEADERS)
    for name, script in (("startproject", PLAIN), ("bare WSGI", BARE)):
        for worker, arguments in WORKERS.items():
            options = (*mounts[:2], "--env", f"GUNICORN_CMD_ARGS={arguments}")
            other = net.run(image, "sh", "-euc", script, options=options)
            wait_until(lambda other=other: other.get_status("/") == 200, 60, f"{name}: {other.logs()}")
            if script is PLAIN:
                yield from list_pages(f"{name}, {worker}", other, style)
            else:
                yield create_page(f"{name}, {worker}", BYTES, other, "/", HEADERS)


def mount_views(folder: Path) -> tuple[str, ...]:
    """Return the Docker options that add the page and the views of `start_sites` to our site."""
    return (
        *("--volume", f"{folder / 'home.html'}:/tmp/home.html:ro"),
        *("--volume", f"{folder / 'urls.py'}:/app/config/urls.py:ro"),
    )


def list_pages(site: str, container: Container, style: str) -> Iterator[Page]:
    """Yield the pages that every Django site has."""
    yield create_page(site, BYTES, container, "/bytes/", HEADERS)
    yield create_page(site, STATIC, container, style, {**HEADERS, "Accept-Encoding": "gzip"})
    yield create_page(site, HOME, container, "/", HEADERS)


def create_page(site: str, name: str, container: Container, path: str, headers: dict[str, str]) -> Page:
    """Return a page without figures."""
    figures = (Figure("ms", 2), Figure("/s", 0), Figure("ms", 1), Figure("ms", 1))
    return Page(site, name, container, path, headers, *figures)


def measure_page(page: Page, connections: int = CONNECTIONS) -> None:
    """Request the page as fast as the site responds, and record the figures."""
    headers = [word for name, value in page.headers.items() for word in ("--header", f"{name}: {value}")]
    words = ["wrk", "--threads", "1", "--connections", str(connections), "--latency", *headers]
    url = f"http://{page.container.address}:8000{page.path}"
    run(*words, "--duration", "1s", url)
    before = read_cpu_seconds(page.container)
    output = run(*words, "--duration", f"{SECONDS}s", url).stdout
    cpu_seconds = read_cpu_seconds(page.container) - before
    if error := re.search(r"(Non-2xx|Socket errors).*", output):
        raise AssertionError(f"{page.site} {page.path}: {error[0]}")
    requests = int(re.search(r"(\d+) requests in", output)[1])
    page.cpu_time.values.append(1000 * cpu_seconds / requests)
    page.rate.values.append(float(re.search(r"Requests/sec: +([\d.]+)", output)[1]))
    page.median_time.values.append(read_percentile(output, "50%"))
    page.slow_time.values.append(read_percentile(output, "99%"))


def read_cpu_seconds(container: Container) -> float:
    """Return the CPU time of gunicorn's processes in seconds.

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


def read_percentile(output: str, percentile: str) -> float:
    """Return a percentile of the response time in milliseconds, from wrk's output."""
    number, unit = re.search(rf"{percentile} +([\d.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure_sign_in(site: Container, rounds: int) -> Figure:
    """Sign in ten users per round, each from another IP address; return the CPU time of a sign-in."""
    script = (
        "from apps.accounts.models import User\n"
        f"for n in range({rounds * USERS}): User.objects.create_user(f'{{n}}@example.org', 'correct-horse')"
    )
    site.exec("python", "manage.py", "shell", "--command", script)
    form = site.get("/account/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.body)[1]
    cookie = format_cookies(form.cookies)
    figure = Figure("ms", 1)
    for round_number in range(rounds):
        before = read_cpu_seconds(site)
        for n in range(round_number * USERS, (round_number + 1) * USERS):
            fields = {
                "csrfmiddlewaretoken": token,
                "username": f"{n}@example.org",
                "password": "correct-horse",
            }
            address = f"198.51.{n // 256}.{n % 256}"
            response = site.get("/account/login/", fields, Cookie=cookie, X_Forwarded_For=address)
            assert response.status == 302, response.body
        figure.values.append(1000 * (read_cpu_seconds(site) - before) / USERS)
    return figure


def measure_workers(
    net: Network, image: str, options: tuple[str, ...], worker_class: str, count: int, rounds: int
) -> list[object]:
    """Return a table row: the workers, requests per second of two pages, and the memory."""
    settings = {"WEB_CONCURRENCY": str(count), "GUNICORN_CMD_ARGS": WORKERS[worker_class]}
    site = net.start_site(image, options, **settings).wait_until_ready()
    home, wait = (create_page("Slipway", path, site, path, HEADERS) for path in ("/", "/wait/"))
    for _ in range(rounds):
        measure_page(home)
        measure_page(wait, 4 * CONNECTIONS)
    memory = measure_memory(site)
    site.stop()
    return [f"{count} {worker_class}", home.rate, wait.rate, f"{memory:.0f} MB"]


def measure_memory(site: Container) -> float:
    """Return the memory of a site's processes in MB; shared pages count once."""
    script = (
        "import pathlib, re\n"
        "kb = 0\n"
        "for p in pathlib.Path('/proc').glob('[0-9]*'):\n"
        "    if (p / 'cmdline').read_bytes().find(b'/gunicorn') > 0:\n"
        "        kb += int(re.search(r'^Pss: +(\\d+)', (p / 'smaps_rollup').read_text(), re.M)[1])\n"
        "print(kb)"
    )
    return int(site.exec("python", "-c", script)) * 1024 / 1e6


def render_section(pages: list[Page], sign_in: Figure, workers: list[list[object]]) -> str:
    """Return the results in Markdown."""
    titles = ["CPU time per request", "Requests", "Median", "99th percentile"]

    def select_rows(*names: str) -> list[list[object]]:
        return [
            [p.name, p.site, p.cpu_time, p.rate, p.median_time, p.slow_time]
            for name in names
            for p in pages
            if p.name == name
        ]

    same = {p.site: p.cpu_time.median for p in pages if p.name == BYTES}
    return "\n".join(
        [
            "## Serving\n",
            (__doc__ or "").split("\n\n", 1)[1],
            f"One worker; `wrk` on the same machine, {CONNECTIONS} connections, {SECONDS} s in each round.\n",
            "The same work on every site, with each site's own middleware and log:\n",
            render_table(["Page", "Site, worker class", *titles], select_rows(BYTES, STATIC)),
            "Each site's own pages, which do different work:\n",
            render_table(
                ["Page", "Site, worker class", *titles], select_rows(HOME, "admin, signed in", "/healthz")
            ),
            render_bars("CPU time for the same page as bytes", "ms per request", same),
            f"A sign-in takes {sign_in} of CPU time, most of it for Argon2, which is expensive by design.\n",
            f"The worker class: {4 * CONNECTIONS} clients request a page that waits {WAIT * 1000:.0f} ms,\n"
            "as for a slow query. gthread serves four of them in each process, sync one.\n",
            render_table(["Workers", "First page", "A page that waits", "Total memory"], workers),
        ]
    )
