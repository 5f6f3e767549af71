"""Run the benchmarks and write docs/benchmarks.md: `make benchmark`, or `python -m benchmarks --help`.

`python -m benchmarks requests` only measures and prints the cost of a request in one process: it takes
seconds and needs neither Docker nor wrk. `python -m benchmarks serving` prints only the first section.
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

`make benchmark` runs these benchmarks on your machine and writes this page. It needs Docker and
[wrk](https://github.com/wg/wrk), and takes about twenty minutes. Each figure is the median of {rounds}
rounds, with the lowest and the highest value in parentheses; each round measures everything once.

{machine} {day}.

Compare only figures from the same run. The last section compares Slipway with another template, measured by
hand in other runs.

"""
TEST_TIMES = """
## The template's own tests

Measured by hand on 2026-11-29, on two processors, without downloads: `make test` 3 min,
`make test-browser` 4 min, `make test-services` 7 min, `make test-update` 3 min, `make test-choices` 8 min,
`make test-docker` 30 min.
"""
# Measured by hand, since the other template is not in this repository.
COMPARISON = Path(__file__).with_name("comparison.md")


def main() -> None:
    """Measure and write the page; exit with one line if a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="number of rounds (5)")
    parser.add_argument("--against", default="", metavar="COMMIT", help="compare requests with this commit")
    parser.add_argument(
        "section", nargs="?", choices=["requests", "serving"], help="measure and print only this"
    )
    arguments = parser.parse_args()
    rounds = arguments.rounds
    if rounds < 1:
        parser.error("--rounds must be 1 or more")
    if arguments.section == "requests":
        with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as name:
            print(request_cost.measure(Path(name), rounds, report, arguments.against))
        return
    for command in ("docker", "wrk"):
        if not shutil.which(command):
            sys.exit(f"{command} is not installed; the benchmarks need it.")
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        sys.exit("Docker is not running. Start it, and run this again.")
    with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        building.generate(folder)
        project = folder / "my_site"
        image = f"slipway-benchmark:{folder.name.rsplit('-', 1)[1].lower()}"
        report("building the image")
        building.build(project, image)
        try:
            sections = [serving.measure(image, folder, rounds, report)]
            if arguments.section == "serving":
                print(*sections)
                return
            sections += [
                request_cost.measure(folder / "requests", rounds, report),
                building.measure(project, image, folder, rounds, report),
                first_page.measure(folder, rounds, report),
                deploying.measure(folder, rounds, report),
            ]
        finally:
            docker("image", "rm", "--force", image)
    head = HEAD.format(
        rounds=rounds, machine=building.describe_machine(), day=f"{datetime.now(UTC):%Y-%m-%d}"
    )
    comparison = COMPARISON.read_text(encoding="utf-8")
    RESULTS.write_text(f"{head}{'\n'.join(sections)}{TEST_TIMES}\n{comparison}", encoding="utf-8")
    report(f"wrote {RESULTS.relative_to(building.TEMPLATE)}")


def report(line: str) -> None:
    """Report the progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
