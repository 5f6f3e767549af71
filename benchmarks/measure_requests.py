"""Measure the cost of requests inside a generated project, where benchmarks/request_cost.py runs this.

Prints the names of its pages. For each name on standard input, it measures that page and prints a line of
JSON: the CPU time of a request and the part outside of URL, view and template, both in seconds, and the
number of SQL queries.
"""

import gc
import json
import os
import re
import sys
from io import BytesIO
from time import process_time
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import config.wsgi  # noqa: F401 - the site as gunicorn loads it
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

BARE_VIEW = "a bare Django view"
# How long a page is asked for at a time.
SECONDS = 0.02
USER = {"username": "benchmark@example.org", "password": "correct-horse-battery"}
HEADERS = {
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}


BARE = ModuleType("bare")
BARE.urlpatterns = [path("", lambda _request: HttpResponse(b"ok"))]


class Site(WSGIHandler):
    """The site, which measures the time inside all middleware: URL, view and template."""

    inside = 0.0

    def _get_response(self, request: Any) -> Any:
        start = process_time()
        try:
            return super()._get_response(request)
        finally:
            self.inside += process_time() - start


class Page:
    """A page of a site, requested in the same way each time."""

    def __init__(
        self, site: Site, path_info: str, cookies: str = "", form: dict[str, str] | None = None
    ) -> None:
        """Prepare a GET request, or a POST request with a form."""
        self.site = site
        self.body = urlencode(form or {}).encode()
        self.environ = {
            **HEADERS,
            "HTTP_COOKIE": cookies,
            "REQUEST_METHOD": "POST" if form else "GET",
            "PATH_INFO": path_info,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.url_scheme": "http",
        }
        self.request()
        with CaptureQueriesContext(connection) as queries:
            response = self.request()
        if response.status_code != (302 if form else 200):
            raise AssertionError(f"{path_info}: {response.status_code}")
        self.queries = len(queries)

    def request(self) -> Any:
        """Send the request and read the response."""
        environ = {**self.environ, "wsgi.input": BytesIO(self.body)}
        response = self.site(environ, lambda _status, _headers: None)
        b"".join(response)
        response.close()
        return response

    def measure(self) -> tuple[float, float, int]:
        """Return the minimum CPU time of a request and of the middleware, and the number of queries."""
        gc.collect()
        times, middleware = [], []
        end = process_time() + SECONDS
        while (start := process_time()) < end:
            self.site.inside = 0.0
            self.request()
            times.append(process_time() - start)
            middleware.append(times[-1] - self.site.inside)
        return min(times), min(middleware), self.queries


def main() -> None:
    """Measure the page that each line names."""
    # The site writes its log, but not between the results.
    results = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    call_command("migrate", verbosity=0)
    # The password's hash, which is meant to be expensive, is no part of what is measured.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        bare_view, pages = prepare()
        print(json.dumps([BARE_VIEW, *pages]), file=results, flush=True)
        for name in map(str.strip, sys.stdin):
            with override_settings(ROOT_URLCONF=BARE if name == BARE_VIEW else "config.urls"):
                page = bare_view if name == BARE_VIEW else pages[name]
                print(json.dumps(page.measure()), file=results, flush=True)


def prepare() -> tuple[Page, dict[str, Page]]:
    """Return the bare view, and the pages of the site by name."""
    with override_settings(MIDDLEWARE=[], ROOT_URLCONF=BARE):
        bare_view = Page(Site(), "/")
    get_user_model().objects.all().delete()
    user = get_user_model().objects.create_superuser(*USER.values())
    browser, visitor = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
    browser.force_login(user)
    session = browser.cookies.output(attrs=[], header="", sep=";")
    login = reverse("login")
    token = re.search(r'name="csrfmiddlewaretoken" value="(.*?)"', visitor.get(login).text)[1]
    cookies = visitor.cookies.output(attrs=[], header="", sep=";")
    form = {**USER, "csrfmiddlewaretoken": token}
    site = Site()
    return bare_view, {
        "static file": Page(site, staticfiles_storage.url("dist/css/main.css")),
        "/healthz": Page(site, "/healthz"),
        "robots.txt": Page(site, "/robots.txt"),
        "first page": Page(site, "/"),
        "first page, signed in": Page(site, "/", session),
        "sign-in page": Page(site, login),
        "sign-in, without Argon2": Page(site, login, cookies, form),
        "admin, signed in": Page(site, reverse("admin:index"), session),
    }


main()
