"""Measure the speed of the pages with Lighthouse, on a simulated phone. `make benchmark-pages` runs this."""

from statistics import median

import pytest

from tests.browser.lighthouse import Lighthouse
from tests.browser.test_lighthouse import PAGES
from tests.production import Site

RUNS = 5


def test_performance_score(
    lighthouse: Lighthouse, site_for_lighthouse: Site, capsys: pytest.CaptureFixture
) -> None:
    """Print each page's median performance score."""
    urls = [site_for_lighthouse.url + path for path in PAGES]
    reports = lighthouse(urls, ["performance"], RUNS)
    with capsys.disabled():
        print(f"\nLighthouse performance score (0 to 100), {RUNS} runs:")
        for path, url in zip(PAGES, urls, strict=True):
            scores = [report.scores["performance"] for report in reports if report.url == url]
            print(f"{path:28} median {median(scores):.0f}, {min(scores)} to {max(scores)}")
            for error in sorted(
                {error for report in reports if report.url == url for error in report.errors}
            ):
                print(f"    {error}")
