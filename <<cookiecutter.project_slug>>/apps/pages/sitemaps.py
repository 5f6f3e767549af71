from django.contrib.sitemaps import Sitemap
from wagtail.models import Page, Site


class PagesSitemap(Sitemap):
    """The public pages.

    Their URLs have the requested host, like those of all other pages; Wagtail's own sitemap
    uses the hosts in its table of sites.
    """

    def items(self) -> list[Page]:
        site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
        if not site:
            return []
        pages = Page.objects.descendant_of(site.root_page, inclusive=True).live().public()
        # Wagtail caches the sites' paths on this object for all pages.
        urls = ((page, page.get_url_parts(self)) for page in pages.order_by("path"))
        return [page for page, parts in urls if parts and parts[0] == site.pk]

    def location(self, item: Page) -> str:
        return item.get_url_parts(self)[2]


SITEMAPS = {"pages": PagesSitemap}
