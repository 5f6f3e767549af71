"""How quick the pages are in Lighthouse's eyes: a phone on a slow network. `make benchmark` runs this."""

from statistics import median

import pytest

from tests.browser.lighthouse import Lighthouse
from tests.browser.test_lighthouse import PAGES
from tests.production import Site

RUNS = 5


def test_speed(lighthouse: Lighthouse, site_for_lighthouse: Site, capsys: pytest.CaptureFixture) -> None:
    """Print each page's median score."""
    addresses = [site_for_lighthouse.address + path for path in PAGES]
    reports = lighthouse(addresses, ["performance"], RUNS)
    with capsys.disabled():
        print(f"\nLighthouse's score for performance, of 100, in {RUNS} runs:")
        for path, address in zip(PAGES, addresses, strict=True):
            scores = [report.scores["performance"] for report in reports if report.address == address]
            print(f"{path:28} median {median(scores):.0f}, {min(scores)} to {max(scores)}")
            for error in sorted(
                {error for report in reports if report.address == address for error in report.errors}
            ):
                print(f"    {error}")
