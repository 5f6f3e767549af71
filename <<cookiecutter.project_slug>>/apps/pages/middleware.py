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
    """Keeps the pages' URLs the same in all processes, and replaces Wagtail's redirect middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Wagtail would cache them in this process for an hour, even if another process changes them.
        Site.clear_site_root_paths_cache()
        response = self.get_response(request)
        return (response.status_code == 404 and self.redirect(request)) or response

    def redirect(self, request: HttpRequest) -> HttpResponse | None:
        """Return the redirect for the URL with its query, or for the URL without."""
        with_query = Redirect.normalise_path(request.get_full_path(), decode_unicode=False)
        without = with_query.partition("?")[0]
        for old in dict.fromkeys((with_query, without)):
            match = get_redirect(request, old)
            if match and (url := self.find_target(match, request)):
                query = request.META["QUERY_STRING"]
                if query and old == without and "?" not in url:
                    url = f"{url}?{query}"
                kind = HttpResponsePermanentRedirect if match.is_permanent else HttpResponseRedirect
                # A cached redirect would cause a loop once the page is back at its old URL.
                return kind(url, headers={"Cache-Control": "no-cache"})
        return None

    def find_target(self, redirect: Redirect, request: HttpRequest) -> str:
        """Return a redirect's URL, or "" if it is the requested one or that of a page that is not live."""
        page, url = redirect.redirect_page, redirect.link
        if not url or (page and not page.live):
            return ""
        old, new = (urlsplit(request.build_absolute_uri(each)) for each in (request.path, url))
        is_loop = (new.netloc, new.path.rstrip("/")) == (old.netloc, old.path.rstrip("/"))
        return "" if is_loop else url
