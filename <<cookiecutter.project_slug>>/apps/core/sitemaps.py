"""The sitemap for search engines: https://docs.djangoproject.com/en/6.1/ref/contrib/sitemaps/"""

from django.contrib.sitemaps import Sitemap
from django.urls import reverse


class PagesSitemap(Sitemap):
    """The pages that always exist, by their URL names."""

    def items(self) -> list[str]:
        return ["core:home"]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS = {"pages": PagesSitemap}
