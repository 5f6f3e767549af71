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
from benchmarks.figures import table
from tests import conftest
from tests.production import Production
from tests.project import install_packages

# The name that the program gives to a bare Django view.
UNIT = "a bare Django view"
PROGRAM = Path(__file__).with_name("measure_requests.py")
# How often each page has its turn in a round.
TURNS = 6
Figures = dict[str, list[float]]


def measure(folder: Path, rounds: int, say: Callable[[str], None], against: str = "") -> str:
    """Measure each page `rounds` times in turn; return the chapter in Markdown.

    The template's code at the commit `against` has its turn in the same rounds.
    """
    sites = {"CPU per request": Cost(production(TEMPLATE, folder / "now"))}
    if against:
        archive = subprocess.run(
            ["git", "archive", against], cwd=TEMPLATE, capture_output=True, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder / "template", filter="data")
        sites[f"at {against}"] = Cost(production(folder / "template", folder / "before"))
    for number in range(rounds):
        say(f"requests: round {number + 1} of {rounds}")
        for _ in range(TURNS):
            for page in next(iter(sites.values())).figures:
                for site in sites.values():
                    site.measure(page)
    return chapter({name: site.stop() for name, site in sites.items()})


def production(template: Path, folder: Path) -> Production:
    """Return a project of this template to be served as in production."""
    generate(folder, template=template)
    project = folder / "my_site"
    environment = conftest.get_virtualenv(project, *conftest.get_node_options())
    variables = conftest.get_variables(environment)
    files = [project / name for name in ("package.json", "package-lock.json", ".npmrc")]
    modules = conftest.install_npm_packages("node_modules", files, variables) / "node_modules"
    return Production(install_packages(project, environment, modules, variables))


class Cost:
    """The costs of a site's requests, measured in a process of its own."""

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
        """Measure a page, and keep the lowest of its figures."""
        print(page, file=self.process.stdin, flush=True)
        self.figures[page] = [*map(min, self.figures[page], self.read())]

    def read(self) -> Any:
        """Return what the process prints next."""
        return json.loads(self.process.stdout.readline())

    def stop(self) -> Figures:
        """End the process; return the figures of each page."""
        self.process.communicate()
        return self.figures


def chapter(sites: dict[str, Figures]) -> str:
    """Return what was measured, in Markdown; of all but the first site only the CPU time."""
    first = next(iter(sites.values()))
    rows = []
    for page, (cpu, middleware, queries) in first.items():
        times = [in_milliseconds(page, figures) for figures in sites.values()]
        rows.append([page, *times, f"{middleware / cpu:.0%}", f"{queries:.0f}"])
    return "\n".join(
        [
            "## One request, in one process\n",
            (__doc__ or "").split("\n\n", 1)[1],
            table(["Page", *sites, "in handler and middleware", "SQL queries"], rows),
        ]
    )


def in_milliseconds(page: str, figures: Figures) -> str:
    """Return a page's CPU time, also in bare Django views."""
    cpu, unit = figures[page][0], figures[UNIT][0]
    return f"{1000 * cpu:.3f} ms ({cpu / unit:.1f})"
