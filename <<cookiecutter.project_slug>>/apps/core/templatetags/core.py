"""The site's words as tags, so that pages without a context (the error pages) have them too."""

from django import template
from django.conf import settings
from django.forms.utils import flatatt

register = template.Library()
register.filter("attributes", flatatt)


@register.simple_tag
def site_name() -> str:
    """Return the site's name."""
    return settings.SITE_NAME


@register.simple_tag
def site_description() -> str:
    """Return the site in one sentence."""
    return settings.SITE_DESCRIPTION
