from django.contrib.sitemaps import Sitemap
from wagtail.models import Page, Site


class PagesSitemap(Sitemap):
    """The pages that everybody may read.

    Their addresses are of the host that is asked, as those of all other pages; Wagtail's own
    sitemap has those of its table of sites.
    """

    def items(self) -> list[Page]:
        site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
        if not site:
            return []
        pages = Page.objects.descendant_of(site.root_page, inclusive=True).live().public()
        # Wagtail keeps the sites' paths on this object for all of them.
        urls = ((page, page.get_url_parts(self)) for page in pages.order_by("path"))
        return [page for page, parts in urls if parts and parts[0] == site.pk]

    def location(self, item: Page) -> str:
        return item.get_url_parts(self)[2]


SITEMAPS = {"pages": PagesSitemap}
