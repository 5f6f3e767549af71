import pytest
from django.core.management import call_command
from django.test import Client
from wagtail.models import PageViewRestriction
from wagtail.rich_text import RichText
from wagtail.search.models import IndexEntry

from apps.pages.models import ContentPage
from apps.pages.tests.factories import home, make_page

pytestmark = pytest.mark.django_db


def search(client: Client, url: str) -> list[str]:
    """Return the titles of the pages that a search finds."""
    page = client.get(url)
    assert page.status_code == 200
    return [each.title for each in page.context["results"]]


def test_titles_and_texts_are_found(client: Client) -> None:
    make_page(title="Boats", body=[("text", RichText("<p>They float upstream.</p>"))])
    make_page(title="Bridges", introduction="They span the water.")
    assert search(client, "/search/?query=boats") == ["Boats"]
    assert search(client, "/search/?query=upstream") == ["Boats"]
    assert search(client, "/search/?query=span") == ["Bridges"]
    assert search(client, "/search/?query=camel") == []


def test_the_index_is_rebuilt(client: Client) -> None:
    make_page(title="Boats")
    IndexEntry.objects.all().delete()
    assert search(client, "/search/?query=boats") == []
    call_command("update_index")
    assert search(client, "/search/?query=boats") == ["Boats"]


def test_private_pages_and_drafts_are_not_found(client: Client) -> None:
    private = make_page(title="Private boats")
    PageViewRestriction.objects.create(page=private, restriction_type="login")
    draft = ContentPage(title="Draft boats", live=False)
    home().add_child(instance=draft)
    assert search(client, "/search/?query=boats") == []


def test_results_are_paginated(client: Client) -> None:
    for number in range(11):
        make_page(title=f"Boat {number}")
    first = search(client, "/search/?query=boat")
    second = search(client, "/search/?query=boat&page=2")
    assert (len(first), len(second)) == (10, 1)
    assert "page=2" in client.get("/search/?query=boat").text
    assert search(client, "/search/?query=boat&page=many") == first


@pytest.mark.parametrize("query", ["", "%00", "x" * 201])
def test_an_invalid_query_is_an_error(client: Client, query: str) -> None:
    page = client.get(f"/search/?query={query}")
    assert page.status_code == 200
    assert page.context["form"].errors


@pytest.mark.parametrize("query", ["'", '"', "%25", "AND", "*", "-", "a:b", "(", "\\", "🚣"])
def test_special_characters_are_valid_queries(client: Client, query: str) -> None:
    assert search(client, f"/search/?query={query}") == []


def test_the_page_without_a_query(client: Client) -> None:
    page = client.get("/search/")
    assert page.status_code == 200
    assert 'content="noindex"' in page.text
    assert "error-summary" not in page.text
    assert client.post("/search/").status_code == 405
