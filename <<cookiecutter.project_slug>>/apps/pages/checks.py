"""Checks of this site's pages: https://docs.djangoproject.com/en/6.1/topics/checks/"""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError
from wagtail.models import Page

from apps.pages.routing import is_page_path


@register(Tags.database)
def check_urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each page whose URL leads to something else since it was published.

    `migrate` runs it, and thus each start of the site.
    """
    if not kwargs["databases"]:
        return []
    try:
        pages = list(Page.objects.live().annotate_site_root_state())
    except DatabaseError:
        # The first migration, or one that changes these tables, is not applied yet.
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
        and not is_page_path(parts[2])
    ]
