"""Serves the static files, even while two releases of the site run side by side."""

import posixpath
import re
from collections.abc import Callable
from io import BytesIO
from wsgiref.headers import Headers

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

# collectstatic's name for main.css: main.0123456789ab.css
HASHED = re.compile(r"(?P<stem>.+)\.[0-9a-f]{12}(?P<suffix>\.[^./]+)?")


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, but it also serves the file names of other releases.

    During a rolling deployment, a page can come from a container of one release and request its
    stylesheet from a container of the other one. The hash in the name then differs; the response
    is this release's file, which must not be cached under that name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        request = WSGIRequest(
            {"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "wsgi.url_scheme": "https"}
        )
        self.page = HttpResponse()
        for middleware in (ContentSecurityPolicyMiddleware, SecurityMiddleware):
            middleware(get_response).process_response(request, self.page)
        del self.page["Content-Type"]
        super().__init__(get_response)

    def add_mime_headers(self, headers: Headers, path: str, url: str) -> None:
        """Add the security headers of a page, once for each file instead of for each request."""
        super().add_mime_headers(headers, path, url)
        for name, value in self.page.items():
            headers[name] = value

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return self.get_response(request)
        if request.path_info in self.files:
            return super().__call__(request)
        file = self.find_current_file(request.path_info)
        if file:
            # Send the whole file: what the client already has is from the other release.
            for header in ("HTTP_RANGE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"):
                request.META.pop(header, None)
            response = self.serve(file, request)
            del response["ETag"], response["Last-Modified"]
        else:
            response = self.get_response(request)
        if request.path_info.startswith(self.static_prefix):
            # A 404 must not be cached either: the next container may have the file.
            response["Cache-Control"] = "no-store"
        return response

    def find_current_file(self, path: str) -> StaticFile | None:
        """Return this release's file for a path that differs only in its hash, or None."""
        match = HASHED.fullmatch(path.removeprefix(self.static_prefix))
        if not match or not path.startswith(self.static_prefix):
            return None
        url = self.get_static_url(f"{match['stem']}{match['suffix'] or ''}")
        return url and self.files.get(
            posixpath.join(posixpath.dirname(path), posixpath.basename(url))
        )
