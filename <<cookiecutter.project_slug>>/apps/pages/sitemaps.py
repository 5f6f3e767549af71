from typing import Any
from uuid import UUID

from django.contrib.sitemaps import Sitemap
from django.utils.translation import get_language
from wagtail.models import Page, Site

# A page's address by its language.
type Addresses = dict[str, str]


class PagesSitemap(Sitemap):
    """The pages that everybody may read, each with its translations.

    Their addresses are of the host that is asked, as those of all other pages; Wagtail's own
    sitemap has those of its table of sites.
    """

    i18n = alternates = x_default = True

    def items(self) -> list[Addresses]:
        site = Site.objects.select_related("root_page").get(is_default_site=True)
        homes = site.root_page.get_translations(inclusive=True)
        pages = Page.objects.descendant_of(site.root_page, inclusive=True)
        for home in homes:
            pages |= Page.objects.descendant_of(home, inclusive=True)
        found: dict[UUID, Addresses] = {}
        for page in pages.live().public().select_related("locale").order_by("path"):
            translations = found.setdefault(page.translation_key, {})
            translations[page.locale.language_code] = page.get_url_parts()[2]
        return list(found.values())

    def get_languages_for_item(self, item: Addresses) -> list[str]:
        return list(item)

    def location(self, item: Any) -> str:
        return item[get_language()]


SITEMAPS = {"pages": PagesSitemap}
