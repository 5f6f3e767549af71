"""Serves the static files, also while two releases of the site run side by side."""

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
    """WhiteNoise, which also answers under the names that another release gave its files.

    While a release takes another's place, a page comes from a container of the one and asks a
    container of the other for its stylesheet. The hash in the name is then not this release's; the
    answer is this release's file, which no cache may keep under that name.
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
        """Add the security headers of a page: once for each file, and not for each request."""
        super().add_mime_headers(headers, path, url)
        for name, value in self.page.items():
            headers[name] = value

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return self.get_response(request)
        if request.path_info in self.files:
            return super().__call__(request)
        file = self.of_another_release(request.path_info)
        if file:
            # The whole file: the client's own copy or part is of the other release.
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

    def of_another_release(self, path: str) -> StaticFile | None:
        """Return this release's file for a path that differs in its hash alone, or None."""
        hashed = HASHED.fullmatch(path.removeprefix(self.static_prefix))
        if not hashed or not path.startswith(self.static_prefix):
            return None
        url = self.get_static_url(f"{hashed['stem']}{hashed['suffix'] or ''}")
        return url and self.files.get(
            posixpath.join(posixpath.dirname(path), posixpath.basename(url))
        )
