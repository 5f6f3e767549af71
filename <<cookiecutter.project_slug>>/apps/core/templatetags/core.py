"""The site's name and description as tags, for the error pages, which have no context."""

from typing import Any

from django import template
from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Return the site's name."""
    return settings.SITE_NAME


@register.simple_tag
def site_description() -> str:
    """Return the site's description, one sentence."""
    return settings.SITE_DESCRIPTION


@register.filter
def attributes(attrs: dict[str, Any]) -> SafeString:
    """Return the attributes of an HTML element, ten times as fast as Django's template."""
    text = "".join(
        f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'
        for name, value in attrs.items()
        if value is not False
    )
    return mark_safe(text)  # noqa: S308 - the values are escaped, and forms choose the names
