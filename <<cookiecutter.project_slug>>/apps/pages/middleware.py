from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from wagtail.contrib.redirects.middleware import get_redirect
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Site

type GetResponse = Callable[[HttpRequest], HttpResponse]


class PagesMiddleware:
    """Has all processes agree on the pages' URLs, and redirects in place of Wagtail's own middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Wagtail would keep them for an hour, in this process's memory, whatever another process changes.
        Site.clear_site_root_paths_cache()
        response = self.get_response(request)
        return (response.status_code == 404 and self.redirect(request)) or response

    def redirect(self, request: HttpRequest) -> HttpResponse | None:
        """Return the redirect from a URL with its query, or from one without."""
        with_query = Redirect.normalise_path(request.get_full_path(), decode_unicode=False)
        without = with_query.partition("?")[0]
        for old in dict.fromkeys((with_query, without)):
            found = get_redirect(request, old)
            if found and (url := self.target(found, request)):
                query = request.META["QUERY_STRING"]
                if query and old == without and "?" not in url:
                    url = f"{url}?{query}"
                kind = HttpResponsePermanentRedirect if found.is_permanent else HttpResponseRedirect
                # A browser that remembers it would go in a circle once the page is back at its old URL.
                return kind(url, headers={"Cache-Control": "no-cache"})
        return None

    def target(self, redirect: Redirect, request: HttpRequest) -> str:
        """Return where a redirect leads; nothing if that is here, or a page that is not live."""
        page, url = redirect.redirect_page, redirect.link
        if not url or (page and not page.live):
            return ""
        here, there = (urlsplit(request.build_absolute_uri(each)) for each in (request.path, url))
        is_here = (there.netloc, there.path.rstrip("/")) == (here.netloc, here.path.rstrip("/"))
        return "" if is_here else url
