"""Lighthouse's audit of the pages as production serves them.

The performance score depends on the machine: `make benchmark-pages` prints it.
"""

from tests.browser.lighthouse import Lighthouse
from tests.production import Site

PAGES = ["/", "/account/login/", "/account/password_reset/"]


def test_lighthouse_scores(lighthouse: Lighthouse, site_for_lighthouse: Site) -> None:
    """Lighthouse scores accessibility, best practices and SEO at 100 of 100."""
    for report in lighthouse([site_for_lighthouse.url + path for path in PAGES]):
        assert set(report.scores.values()) == {100}, report
