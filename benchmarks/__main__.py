"""Run the benchmarks and write docs/benchmarks.md: `make benchmark`, or `python -m benchmarks --help`.

`python -m benchmarks requests` measures only what a request costs in one process, and prints it: it takes
seconds, and neither Docker nor wrk. `python -m benchmarks serving` prints only the first section.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import building, deploying, first_page, request_cost, serving
from tests.docker.engine import docker

RESULTS = building.TEMPLATE / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

`make benchmark` measures these on your machine and writes this page. It needs Docker and
[wrk](https://github.com/wg/wrk), and takes about twenty minutes. Each figure is the median of {rounds}
rounds, with the lowest and the highest; each round measures everything once.

{machine} {day}.

Compare only figures from one run. The last section compares another template, measured by hand in one run
with this one.

"""
OWN_TESTS = """
## The template's own tests

By hand on 2026-11-28, on two processors: `make test` 3 min, `make test-browser` 3 min,
`make test-update` 4 min, `make test-choices` about 10 min, `make test-docker` about 20 min.
Downloads come on top.
"""
RIVALS = """
## Comparison with another template

cookiecutter-django 2026.8.18 (Docker, PostgreSQL, AWS, Webpack, WhiteNoise, email users, no Celery) and
ours, measured by hand on 2026-11-27, alternately in one run of three rounds on one machine. Both run under
gunicorn as each starts it, with one worker unless the row says otherwise; the base images are stand-ins for
the official ones.

| What | ours | cookiecutter-django |
| --- | --- | --- |
| generation | 1.89 s (1.55 to 2.04) | 4.10 s (3.92 to 4.13) |
| image, cache empty except for downloaded packages | 29.2 s | 75.1 s |
| image, nothing changed | 0.4 s (0.4 to 0.5) | 0.4 s (0.4 to 0.9) |
| image, a dependency changed | 9.9 s (9.0 to 12.1) | 26.2 s (23.9 to 26.8) |
| image, a line of Python changed | 4.1 s (3.8 to 4.9) | 24.4 s (22.7 to 24.4) |
| image, a line of SCSS changed | 4.1 s (3.7 to 4.9) | 22.8 s (22.5 to 23.6) |
| image over its base | 93 MB | 269 MB |
| container to ready, migrated | 1.8 s (1.4 to 2.0) | 1.8 s (1.7 to 2.8) |
| home page: processor | 2.24 ms (2.12 to 2.29) | 0.94 ms (0.89 to 1.03) |
| home page: requests, one worker | 453 /s (446 to 479) | 645 /s (389 to 1,057) |
| home page: median | 17.1 ms (16.0 to 17.2) | 6.8 ms (6.3 to 15.2) |
| home page: 99th percentile | 31.7 ms (31.7 to 40.1) | 22.9 ms (19.0 to 26.6) |
| static file: processor | 1.03 ms (1.02 to 1.09) | 0.53 ms (0.47 to 0.55) |
| static file: requests, one worker | 1,058 /s (1,010 to 1,076) | 1,429 /s (488 to 1,732) |
| static file: median | 7.4 ms (7.0 to 7.7) | 4.5 ms (4.4 to 11.6) |
| static file: 99th percentile | 15.1 ms (13.2 to 160.8) | 19.9 ms (13.3 to 21.1) |
| home page: requests, 2 workers | 787 /s (427 to 1,013) | 1,193 /s (331 to 1,698) |
| memory, 2 workers | 151 MB (132 to 151) | 157 MB (155 to 157) |
| home page: requests, 4 workers | 1,058 /s (917 to 1,078) | 702 /s (534 to 997) |
| memory, 4 workers | 169 MB (157 to 175) | 267 MB (266 to 267) |

Ours is slower in the rows of a request. Our first page takes more processor time because it does more: Open
Graph, the signed-in user, a nonce, and a line of JSON in the log. Nearly all of that is Django's template
engine; `/healthz` shows the rest. Our log and checks make a static file more expensive, which a browser
requests once. With four workers the two processors are the limit.

Since that run a static file takes 60 % less CPU time within the process, the first page 28 % and the sign-in
page 50 %: `python -m benchmarks requests --against 4a0bdd3`.

wemake-django-template was not measured, because its build downloads from GitHub, which was not reachable;
nor was docker-django-example, whose image could not be built there.
"""


def main() -> None:
    """Measure and write the page; end with one line if something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often everything has its turn (5)"
    )
    parser.add_argument("--against", default="", metavar="COMMIT", help="compare requests with this commit's")
    parser.add_argument(
        "what", nargs="?", choices=["requests", "serving"], help="measure only this, and print it"
    )
    arguments = parser.parse_args()
    rounds = arguments.rounds
    if rounds < 1:
        parser.error("--rounds takes 1 or more")
    if arguments.what == "requests":
        with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as name:
            print(request_cost.measure(Path(name), rounds, say, arguments.against))
        return
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
            chapters = [serving.measure(image, folder, rounds, say)]
            if arguments.what == "serving":
                print(*chapters)
                return
            chapters += [
                request_cost.measure(folder / "requests", rounds, say),
                building.measure(project, image, folder, rounds, say),
                first_page.measure(folder, rounds, say),
                deploying.measure(folder, rounds, say),
            ]
        finally:
            docker("image", "rm", "--force", image)
    head = HEAD.format(rounds=rounds, machine=building.machine(), day=f"{datetime.now(UTC):%Y-%m-%d}")
    RESULTS.write_text(head + "\n".join(chapters) + OWN_TESTS + RIVALS, encoding="utf-8")
    say(f"written to {RESULTS.relative_to(building.TEMPLATE)}")


def say(line: str) -> None:
    """Tell who waits how far it is."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
