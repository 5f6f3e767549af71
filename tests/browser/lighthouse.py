"""Runs Lighthouse, Chrome's judge of pages.

https://developer.chrome.com/docs/lighthouse
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHROMIUM, npm_folder

HERE = Path(__file__).parent / "lighthouse"
CATEGORIES = ["accessibility", "best-practices", "seo"]


@dataclass
class Report:
    """What Lighthouse says of a page: a score of 100 for each category, and what is at fault."""

    address: str
    scores: dict[str, int]
    faults: list[str]


Lighthouse = Callable[..., list[Report]]


def install_lighthouse(variables: dict[str, str]) -> Lighthouse:
    """Return a function that judges pages, each `runs` times; it is installed once and kept in .cache."""
    folder = npm_folder("lighthouse", sorted(HERE.iterdir()), variables)

    def judge(addresses: list[str], categories: list[str] = CATEGORIES, runs: int = 1) -> list[Report]:
        wanted = {
            "addresses": addresses,
            "categories": categories,
            "runs": runs,
            "browser": CHROMIUM,
        }
        done = subprocess.run(
            ["node", "run.js", json.dumps(wanted)],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return [Report(**report) for report in json.loads(done.stdout)]

    return judge
