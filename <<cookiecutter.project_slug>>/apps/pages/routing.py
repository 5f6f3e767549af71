"""The pages' URLs, and whether they lead to the pages or to other views of the site."""

from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import get_language_from_path, override
from wagtail.models import Page, Site


def find_first_page(request: HttpRequest) -> Page | None:
    """Return the first page of the requested site, in the request's language."""
    site = Site.find_for_request(request)
    return site.root_page.localized if site else None


def is_page_path(path: str) -> bool:
    """Return whether a path leads to a page of the CMS other than the first page."""
    # WhiteNoise, a bucket or the development server serves these, whatever the URLconf is.
    if path.startswith((settings.STATIC_URL, settings.MEDIA_URL)):
        return False
    with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
        try:
            return resolve(unquote(path)).url_name == "wagtail_serve"
        except Resolver404:
            return False


def is_taken(parent: Page, slug: str) -> bool:
    """Return whether a page with this slug below `parent` could not be reached."""
    page = Page(slug=slug)
    page.set_url_path(parent)
    parts = page.get_url_parts()
    is_root = any(root.root_path == page.url_path for root in Site.get_site_root_paths())
    return bool(parts) and not is_root and not is_page_path(parts[2])
