"""The cost of a request in one process, without a server: CPU time, queries, and the middleware's share.

A default project is loaded as in production, on SQLite, and its pages are requested in turn. In parentheses:
the ratio to a bare Django view without middleware in the same process. The milliseconds differ between
machines; the ratios hardly do. The fastest request counts, since other work has disturbed it least.
"""

import io
import json
import math
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.building import TEMPLATE, generate
from benchmarks.figures import render_table
from tests import conftest
from tests.production import Production
from tests.project import install_packages

# The name of the bare Django view in measure_requests.py.
BARE_VIEW = "a bare Django view"
PROGRAM = Path(__file__).with_name("measure_requests.py")
# How often each page is measured in a round.
TURNS = 6
Figures = dict[str, list[float]]


def measure(folder: Path, rounds: int, report: Callable[[str], None], against: str = "") -> str:
    """Measure each page in each round; return the section in Markdown.

    The template at the commit `against` is measured in the same rounds.
    """
    sites = {"CPU per request": Cost(create_production(TEMPLATE, folder / "now"))}
    if against:
        archive = subprocess.run(
            ["git", "archive", against], cwd=TEMPLATE, capture_output=True, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder / "template", filter="data")
        sites[f"at {against}"] = Cost(create_production(folder / "template", folder / "before"))
    for number in range(rounds):
        report(f"requests: round {number + 1} of {rounds}")
        for _ in range(TURNS):
            for page in next(iter(sites.values())).figures:
                for site in sites.values():
                    site.measure(page)
    return render_section({name: site.stop() for name, site in sites.items()})


def create_production(template: Path, folder: Path) -> Production:
    """Return a project of this template that can be served as in production."""
    generate(folder, template=template)
    project = folder / "my_site"
    environment = conftest.get_virtualenv(project, *conftest.get_node_options())
    variables = conftest.get_variables(environment)
    files = [project / name for name in ("package.json", "package-lock.json", ".npmrc")]
    modules = conftest.install_npm_packages("node_modules", files, variables) / "node_modules"
    return Production(install_packages(project, environment, modules, variables))


class Cost:
    """The cost of a site's requests, measured in a separate process."""

    def __init__(self, site: Production) -> None:
        """Start the process."""
        folder = site.project.folder
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            ["python", PROGRAM],
            cwd=folder,
            env={**site.project.variables, **site.variables, "PYTHONPATH": str(folder)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.figures: Figures = {page: [math.inf] * 3 for page in self.read()}

    def measure(self, page: str) -> None:
        """Measure a page and keep the minimum of each figure."""
        print(page, file=self.process.stdin, flush=True)
        self.figures[page] = [*map(min, self.figures[page], self.read())]

    def read(self) -> Any:
        """Read the next line of the process."""
        return json.loads(self.process.stdout.readline())

    def stop(self) -> Figures:
        """End the process; return the figures of each page."""
        self.process.communicate()
        return self.figures


def render_section(sites: dict[str, Figures]) -> str:
    """Return the results in Markdown; of all sites except the first only the CPU time."""
    first = next(iter(sites.values()))
    rows = []
    for page, (cpu, middleware, queries) in first.items():
        times = [format_cpu_time(page, figures) for figures in sites.values()]
        rows.append([page, *times, f"{middleware / cpu:.0%}", f"{queries:.0f}"])
    return "\n".join(
        [
            "## One request, in one process\n",
            (__doc__ or "").split("\n\n", 1)[1],
            render_table(["Page", *sites, "in handler and middleware", "SQL queries"], rows),
        ]
    )


def format_cpu_time(page: str, figures: Figures) -> str:
    """Return a page's CPU time, with the ratio to a bare Django view."""
    cpu, bare_view = figures[page][0], figures[BARE_VIEW][0]
    return f"{1000 * cpu:.3f} ms ({cpu / bare_view:.1f})"
