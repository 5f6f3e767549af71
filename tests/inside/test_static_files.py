"""Static files while two releases run at once."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from apps.core.static_files import StaticFilesMiddleware
from django.conf import LazySettings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

# Closing a response closes old database connections.
pytestmark = pytest.mark.django_db

OTHER_HASH = "0123456789ab"

type Get = Callable[..., HttpResponse]


@pytest.fixture
def get(tmp_path: Path, settings: LazySettings) -> Get:
    """Return a function that requests a path of a site with only a stylesheet and an icon."""
    source = tmp_path / "static"
    (source / "css").mkdir(parents=True)
    (source / "css" / "main.css").write_text("a { color: red; }" * 100)
    (source / "icon.svg").write_text("<svg/>")
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = tmp_path / "staticfiles"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "apps.core.storage.StaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
    middleware = StaticFilesMiddleware(lambda _request: HttpResponse(status=404))

    def get(path: str, secure: bool = False, **headers: str) -> HttpResponse:
        request: HttpRequest = RequestFactory().get(path, headers=headers, secure=secure)
        return middleware(request)

    return get


PACKAGE_FILES = {
    "package/chart.js": "draw();\n//# sourceMappingURL=chart.js.map\n",
    "package/chart.css": "a { background: url(gone.png) }\n/*# sourceMappingURL=gone.css.map */",
    "package/theme.css": '@import "gone.css";',
}


def collect_static_files(settings: LazySettings, folder: Path, files: dict[str, str]) -> None:
    """Write these files to a folder, and run `collectstatic` on it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    settings.STATICFILES_DIRS = [folder]
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)


def test_a_broken_reference_in_a_package_is_a_warning(
    get: Get, settings: LazySettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package's reference to a missing file is a warning, printed once."""
    collect_static_files(settings, tmp_path / "packages", PACKAGE_FILES)
    assert capsys.readouterr().out.count("Warning: package/") == 4


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("a { background: url(gone.png) }", True),
        ('@import "gone.css";', True),
        ("a { color: red }\n/*# sourceMappingURL=gone.css.map */", False),
    ],
)
def test_a_broken_reference_in_the_site_is_an_error(
    get: Get, settings: LazySettings, tmp_path: Path, text: str, is_error: bool
) -> None:
    """The site's own reference to a missing file is an error, except to a source map."""
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="gone") if is_error else nullcontext():
        collect_static_files(settings, tmp_path / "static", {"own.css": text})


def read_body(response: HttpResponse) -> bytes:
    """Return the streamed body of a response, and close it."""
    content = b"".join(response)
    response.close()
    return content


def test_own_file_is_cached_permanently(get: Get) -> None:
    """A static file of this release is compressed and cached permanently."""
    url = staticfiles_storage.url("css/main.css")
    response = get(url, accept_encoding="gzip, br")
    assert "immutable" in response["Cache-Control"]
    assert response["Content-Encoding"] == "br"
    assert read_body(response)
    unchanged = get(url, if_none_match=response["ETag"])
    assert unchanged.status_code == 304


@pytest.mark.parametrize("name", ["css/main.css", "icon.svg"])
def test_file_of_another_release_is_served_and_not_cached(get: Get, name: str) -> None:
    """A static file under the name of another release is served, but not cached."""
    own_url = staticfiles_storage.url(name)
    url = re.sub("[0-9a-f]{12}", OTHER_HASH, own_url)
    assert url != own_url
    own_response = get(own_url)
    content = read_body(own_response)
    response = get(url, if_none_match=own_response["ETag"], range="bytes=0-1")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response
    assert read_body(response) == content


@pytest.mark.parametrize(
    "path",
    [
        f"/static/css/none.{OTHER_HASH}.css",
        f"/static/css/main.{OTHER_HASH}.js",
        f"/static/css/main.{OTHER_HASH}",
        f"/static/css/../main.{OTHER_HASH}.css",
        "/static/css/main.0123.css",
        "/static/css/",
    ],
)
def test_missing_file_is_not_cached(get: Get, path: str) -> None:
    """A missing static file gets a 404 that is not cached."""
    response = get(path)
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("redirect", [True, False])
def test_files_have_the_security_headers_of_pages(
    client: Client, settings: LazySettings, request: pytest.FixtureRequest, redirect: bool
) -> None:
    """A static file has a page's security headers, and is redirected to HTTPS as a page is."""
    settings.SECURE_HSTS_SECONDS = 60
    page = client.get("/", secure=True)
    get = request.getfixturevalue("get")
    settings.SECURE_SSL_REDIRECT = redirect
    url = staticfiles_storage.url("icon.svg")
    insecure, file = get(url), get(url, secure=True)
    # The view behind the middleware returns 404.
    assert insecure.status_code == (404 if redirect else 200)
    assert file.status_code == 200
    assert read_body(file)
    insecure.close()
    names = ["Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options"]
    for name in [*names, "Referrer-Policy", "Cross-Origin-Opener-Policy"]:
        assert file[name] == page[name]


def test_other_urls_are_not_affected(get: Get) -> None:
    """The static files middleware does not affect other URLs."""
    assert "Cache-Control" not in get(f"/css/main.{OTHER_HASH}.css")
