"""Run Lighthouse, Chrome's audit of pages.

https://developer.chrome.com/docs/lighthouse
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHROMIUM, install_npm_packages

HERE = Path(__file__).parent / "lighthouse"
CATEGORIES = ["accessibility", "best-practices", "seo"]


@dataclass
class Report:
    """Lighthouse's report on a page: the score of each category (0 to 100), and the errors."""

    url: str
    scores: dict[str, int]
    errors: list[str]


Lighthouse = Callable[..., list[Report]]


def install_lighthouse(variables: dict[str, str]) -> Lighthouse:
    """Install Lighthouse, cached in .cache; return a function that audits each URL `runs` times."""
    folder = install_npm_packages("lighthouse", sorted(HERE.iterdir()), variables)

    def audit(urls: list[str], categories: list[str] = CATEGORIES, runs: int = 1) -> list[Report]:
        options = {
            "urls": urls,
            "categories": categories,
            "runs": runs,
            "browser": CHROMIUM,
        }
        result = subprocess.run(
            ["node", "run.js", json.dumps(options)],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert result.returncode == 0, result.stderr
        return [Report(**report) for report in json.loads(result.stdout)]

    return audit
