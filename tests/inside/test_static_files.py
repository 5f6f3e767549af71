"""Static files while two releases run."""

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

# Django looks after its connections when a response is closed.
pytestmark = pytest.mark.django_db

OTHER_HASH = "0123456789ab"

type Get = Callable[..., HttpResponse]


@pytest.fixture
def get(tmp_path: Path, settings: LazySettings) -> Get:
    """Asks a site that has a stylesheet and a picture, and no page."""
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


FOREIGN = {
    "package/chart.js": "draw();\n//# sourceMappingURL=chart.js.map\n",
    "package/chart.css": "a { background: url(gone.png) }\n/*# sourceMappingURL=gone.css.map */",
    "package/theme.css": '@import "gone.css";',
}


def collect(settings: LazySettings, folder: Path, files: dict[str, str]) -> None:
    """Collect these static files of a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    settings.STATICFILES_DIRS = [folder]
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)


def test_a_broken_reference_in_a_package_is_a_warning(
    get: Get, settings: LazySettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file that an installed package refers to is a warning, once."""
    collect(settings, tmp_path / "packages", FOREIGN)
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
    """A file that the site refers to must exist, except a source map."""
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="gone") if is_error else nullcontext():
        collect(settings, tmp_path / "static", {"own.css": text})


def body(response: HttpResponse) -> bytes:
    """Return what a response streams, and close its file."""
    content = b"".join(response)
    response.close()
    return content


def test_a_file_of_this_release_is_cached_permanently(get: Get) -> None:
    """A file of this release is immutable and compressed."""
    url = staticfiles_storage.url("css/main.css")
    response = get(url, accept_encoding="gzip, br")
    assert "immutable" in response["Cache-Control"]
    assert response["Content-Encoding"] == "br"
    assert body(response)
    again = get(url, if_none_match=response["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["css/main.css", "icon.svg"])
def test_a_file_name_of_another_release_is_served_and_not_cached(get: Get, name: str) -> None:
    """A file name of another release is served, and the response is not cached."""
    own = staticfiles_storage.url(name)
    url = re.sub("[0-9a-f]{12}", OTHER_HASH, own)
    assert url != own
    kept = get(own)
    content = body(kept)
    response = get(url, if_none_match=kept["ETag"], range="bytes=0-1")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response
    assert body(response) == content


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
def test_a_missing_file_is_not_found_and_not_cached(get: Get, path: str) -> None:
    """A file that no release has is a 404 that no cache keeps."""
    response = get(path)
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("redirect", [True, False])
def test_a_file_has_the_security_headers_of_a_page(
    client: Client, settings: LazySettings, request: pytest.FixtureRequest, redirect: bool
) -> None:
    """A static file has a page's security headers, and over HTTP it is redirected as a page is."""
    settings.SECURE_HSTS_SECONDS = 60
    page = client.get("/", secure=True)
    get = request.getfixturevalue("get")
    settings.SECURE_SSL_REDIRECT = redirect
    url = staticfiles_storage.url("icon.svg")
    insecure, file = get(url), get(url, secure=True)
    # The view behind the middleware is a 404 here.
    assert insecure.status_code == (404 if redirect else 200)
    assert file.status_code == 200
    assert body(file)
    insecure.close()
    names = ["Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options"]
    for name in [*names, "Referrer-Policy", "Cross-Origin-Opener-Policy"]:
        assert file[name] == page[name]


def test_other_urls_are_unchanged(get: Get) -> None:
    """Other URLs are not changed."""
    assert "Cache-Control" not in get(f"/css/main.{OTHER_HASH}.css")
