"""Checks of this site's pages: https://docs.djangoproject.com/en/6.1/topics/checks/"""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError
from wagtail.models import Page

from apps.pages.addresses import leads_to_pages


@register(Tags.database)
def check_urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each page whose URL something else has taken since it was published.

    `migrate` runs it, and so does each start of the site.
    """
    if not kwargs["databases"]:
        return []
    try:
        pages = list(Page.objects.live().annotate_site_root_state())
    except DatabaseError:
        # Before the first migration, or one that changes these tables.
        return []
    return [
        Warning(
            f"The page {page.title!r} cannot be reached: something else is at {parts[2]}.",
            hint="Change its slug in the CMS, or that URL: config/urls.py, ADMIN_PATH.",
            obj=page,
            id="pages.W001",
        )
        for page in pages
        if not page.is_site_root()
        and (parts := page.get_url_parts())
        and not leads_to_pages(parts[2])
    ]
