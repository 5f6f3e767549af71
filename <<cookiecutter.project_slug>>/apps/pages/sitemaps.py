from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from wagtail.models import Page, Site


class PagesSitemap(Sitemap):
    """The pages that everybody may read.

    Their addresses are of the host that is asked, as those of all other pages; Wagtail's own
    sitemap has those of its table of sites.
    """

    def items(self) -> "QuerySet[Page]":
        home = Site.objects.get(is_default_site=True).root_page
        return Page.objects.descendant_of(home, inclusive=True).live().public().order_by("path")

    def location(self, item: Page) -> str:
        return item.get_url_parts()[2]


SITEMAPS = {"pages": PagesSitemap}
