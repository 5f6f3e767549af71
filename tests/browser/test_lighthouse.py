"""Lighthouse, Chrome's own audit, on the pages as production serves them.

Its score for speed depends on the machine: `make benchmark` prints that.
"""

from tests.browser.lighthouse import Lighthouse
from tests.production import Site

PAGES = ["/", "/account/login/", "/account/password_reset/"]


def test_lighthouse_scores(lighthouse: Lighthouse, site_for_lighthouse: Site) -> None:
    """Lighthouse gives 100 of 100 for accessibility, for best practices and for search engines."""
    for report in lighthouse([site_for_lighthouse.url + path for path in PAGES]):
        assert set(report.scores.values()) == {100}, report
