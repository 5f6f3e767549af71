from typing import Any, NamedTuple

from django import template
from django.template import Context

from apps.pages.routing import find_first_page

register = template.Library()


class Item(NamedTuple):
    """A page in the menu; `current` is its aria-current, also for an ancestor of the current page."""

    title: str
    url: str
    current: str


@register.simple_tag(takes_context=True)
def menu(context: Context) -> list[Item]:
    """Return the children of the site's first page that editors show in menus."""
    request: Any = context.get("request")
    if not request or not (first := find_first_page(request)):
        return []
    items = []
    for page in first.get_children().live().public().in_menu():
        if url := page.get_url(request):
            below = "true" if request.path.startswith(url) else ""
            items.append(Item(page.title, url, "page" if request.path == url else below))
    return items
