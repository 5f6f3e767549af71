"""The site's words as tags, so that pages without a context (the error pages) have them too."""

from typing import NamedTuple

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse, translate_url
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Return the site's name."""
    return settings.SITE_NAME


@register.simple_tag
def site_description() -> str:
    """Return the site in one sentence."""
    return settings.SITE_DESCRIPTION


class Language(NamedTuple):
    """A language that the page can be had in."""

    code: str
    name: str
    url: str
    is_current: bool


@register.simple_tag(takes_context=True)
def languages(context: Context) -> list[Language]:
    """Return the site's languages, each with this page's address in it.

<% if cookiecutter.cms == "wagtail" %>
    Where there is no page, because of an error, it is the home page's address. A page that not
    every language has says in its context which ones do: `addresses`, by their codes.
    """
    if addresses := context.get("addresses"):
        return [
            Language(code, name, addresses[code], code == get_language())
            for code, name in settings.LANGUAGES
            if code in addresses
        ]
<% else %>
    Where there is no page, because of an error, it is the home page's address.
    """
<% endif %>
    request = context.get("request")
    url = reverse("core:home")
    if request and request.resolver_match and request.method == "GET":
        url = request.get_full_path()
    return [
        Language(code, name, translate_url(url, code), code == get_language())
        for code, name in settings.LANGUAGES
    ]
