"""Run the benchmarks and write docs/benchmarks.md: `make benchmark`, or `python -m benchmarks --help`."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import building, deploying, first_page, serving
from tests.docker.engine import docker

RESULTS = building.TEMPLATE / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

`make benchmark` measures these on your machine and writes this page. It takes Docker and
[wrk](https://github.com/wg/wrk), and about twenty minutes. Each figure is the median of {rounds} rounds, in
which everything has its turn, with the lowest and the highest.

{machine} {day}.

Compare what stands in one run. Figures of other templates, run by hand on a machine of this kind, are in the
last chapter.

"""
RIVALS = """
## Beside other templates

cookiecutter-django 2026.8.18 (Docker, PostgreSQL, AWS, Webpack, WhiteNoise, e-mail users, no Celery), run by
hand on 2026-11-23 on a machine of the same kind, not in the same hour: times are good for their order only.

| What | cookiecutter-django |
|---|---|
| a project from the template | 3.0 s; 4.0 s with Docker, over the network |
| image, nothing in the cache | 55 s |
| image, nothing changed | 0.34 s |
| image, a line of Python changed | 18 s |
| image, a line of SCSS changed | 19 s |
| image, over its base image | 271 MB |
| container to ready | 3.2 s |
| processor per request: home page, static file | 0.94 ms, 0.55 ms |
| memory, 4 workers | 243 MB |

Ours is not ahead in two rows. Our first page takes more of a processor, since it is a finished one: it has
the site's languages, Open Graph, who is signed in, a nonce and a line of JSON in the log. Nearly all of that
is Django's template engine; `/healthz` shows what is left without it. And our log and checks make a static
file dearer, which a browser asks for once.
"""


def main() -> None:
    """Measure and write the page; end with one line if something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often everything has its turn (5)"
    )
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds takes 1 or more")
    for command in ("docker", "wrk"):
        if not shutil.which(command):
            sys.exit(f"{command} is not installed, and these benchmarks take it.")
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        sys.exit("Docker does not answer. Start it, and run this again.")
    with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        building.generate(folder)
        project = folder / "my_site"
        image = f"slipway-benchmark:{folder.name.rsplit('-', 1)[1].lower()}"
        say("building the image")
        building.build(project, image)
        try:
            chapters = [
                serving.measure(image, folder, rounds, say),
                building.measure(project, image, folder, rounds, say),
                first_page.measure(folder, rounds, say),
                deploying.measure(folder, rounds, say),
            ]
        finally:
            docker("image", "rm", "--force", image)
    head = HEAD.format(rounds=rounds, machine=building.machine(), day=f"{datetime.now(UTC):%Y-%m-%d}")
    RESULTS.write_text(head + "\n".join(chapters) + RIVALS, encoding="utf-8")
    say(f"written to {RESULTS.relative_to(building.TEMPLATE)}")


def say(line: str) -> None:
    """Tell who waits how far it is."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
