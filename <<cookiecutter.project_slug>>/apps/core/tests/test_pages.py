import pytest
from django.conf import settings
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils.html import escape
from django.views import defaults
from django.views.csrf import csrf_failure

from apps.core import views


@pytest.mark.django_db
def test_home_page_shows_the_name_and_description(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert escape(settings.SITE_NAME) in page.text
    assert escape(settings.SITE_DESCRIPTION) in page.text


@pytest.mark.django_db
def test_missing_page(client: Client) -> None:
    page = client.get("/no-such-page/")
    assert page.status_code == 404
    assert escape(settings.SITE_NAME) in page.text


@pytest.fixture
def request_() -> HttpRequest:
    return RequestFactory().get("/")


def test_error_pages_need_no_database(request_: HttpRequest) -> None:
    """Without the mark django_db, a query fails the test."""
    pages = [
        views.bad_request(request_, Exception()),
        defaults.permission_denied(request_, Exception()),
        csrf_failure(request_),
        views.page_not_found(request_, Exception()),
        defaults.server_error(request_),
    ]
    assert [page.status_code for page in pages] == [400, 403, 403, 404, 500]
    for page in pages:
        assert escape(settings.SITE_NAME) in page.text
        assert "dist/css/main.css" in page.text
