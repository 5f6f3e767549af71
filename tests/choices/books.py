"""Tests of the recipes in docs/api.md, for both APIs, copied into a project that follows them."""

# ruff: noqa: F811 - the fixtures

import json
from pathlib import Path
from typing import Any

import pytest
from apps.api.tests.conftest import api_client, token, user  # noqa: F401
from apps.books.models import Author, Book
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

BOOKS = "/api/v1/books"
EMMA = {"title": "Emma", "author": {"name": "Jane Austen"}, "chapters": [{"title": "I"}, {"title": "II"}]}
# The two frameworks' responses to an invalid field.
INVALID_STATUSES = {400, 422}


def post_book(api_client: Client, **changes: Any) -> Any:
    """Post a book."""
    return api_client.post(BOOKS, EMMA | changes, content_type="application/json")


def upload_file(api_client: Client, name: str = "emma.pdf", **fields: str) -> Any:
    """Upload the file of a new book."""
    number = post_book(api_client).json()["id"]
    file = SimpleUploadedFile(name, b"%PDF-1.7")
    return api_client.post(f"{BOOKS}/{number}/file", {"file": file, **fields})


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Path:
    """Keep uploads out of the project."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_nested_object_and_list(api_client: Client) -> None:
    for title in ("Emma", "Persuasion"):
        response = post_book(api_client, title=title)
        assert response.status_code == 201
        book = response.json()
        assert book == {**EMMA, "title": title, "id": book["id"], "file": None}
    assert Author.objects.count() == 1
    books = api_client.get(BOOKS).json()
    assert [book["title"] for book in books.get("items") or books["results"]] == ["Persuasion", "Emma"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"author": None}, "author"),
        ({"author": {}}, "name"),
        ({"author": "Jane Austen"}, "author"),
        ({"chapters": {}}, "chapters"),
        ({"chapters": [{"title": "I"}, {"title": "x" * 151}]}, "title"),
    ],
)
def test_an_invalid_field_is_reported(api_client: Client, changes: dict[str, Any], field: str) -> None:
    response = post_book(api_client, **changes)
    assert response.status_code in INVALID_STATUSES
    assert json.dumps(field) in response.content.decode()
    assert not Author.objects.exists()


def test_upload(api_client: Client, media: Path) -> None:
    response = upload_file(api_client)
    assert response.status_code == 200
    assert response.json()["file"].endswith("/media/books/emma.pdf")
    assert (media / "books" / "emma.pdf").read_bytes() == b"%PDF-1.7"


def test_invalid_uploads_are_rejected(api_client: Client) -> None:
    number = post_book(api_client).json()["id"]
    assert upload_file(api_client, "emma.html").status_code in INVALID_STATUSES
    assert api_client.post(f"{BOOKS}/{number}/file", {"file": "emma.pdf"}).status_code in INVALID_STATUSES
    assert api_client.post(f"{BOOKS}/{number}/file").status_code in INVALID_STATUSES
    assert api_client.post(f"{BOOKS}/0/file", {"file": SimpleUploadedFile("a.pdf", b"-")}).status_code == 404
    assert not Book.objects.exclude(file="").exists()


def test_upload_with_too_many_fields(api_client: Client) -> None:
    response = upload_file(api_client, **{str(n): "" for n in range(10_001)})
    assert (response.status_code, response.json()) == (400, {"detail": "There are too many fields."})


@pytest.mark.django_db
def test_requests_without_a_token_are_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    responses = [post_book(client), client.get(BOOKS), client.post(f"{BOOKS}/1/file")]
    assert {response.status_code for response in responses} == {401}
