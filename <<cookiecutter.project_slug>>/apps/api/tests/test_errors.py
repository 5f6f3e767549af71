"""Errors of the API are JSON, never a page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.api.models import Token


def unknown_url(client: Client) -> Any:
    return client.get("/api/v1/no-such-thing")


def post_to_unknown_url(client: Client) -> Any:
    return client.post("/api/v1/no-such-thing", {}, content_type="application/json")


def trailing_slash(client: Client) -> Any:
    return client.patch("/api/v1/me/", {"name": "Ann"}, content_type="application/json")


def unknown_version(client: Client) -> Any:
    return client.get("/api/v2/me")


def wrong_method(client: Client) -> Any:
    return client.put("/api/v1/me", {}, content_type="application/json")


def forged_host(client: Client) -> Any:
    return client.get("/api/v1/me", headers={"host": "evil.test"})


def too_long(client: Client) -> Any:
    return client.patch("/api/v1/me", "x" * 11_000_000, content_type="application/json")


def too_long_for_json(client: Client) -> Any:
    return client.patch("/api/v1/me", {"name": "x" * 3_000_000}, content_type="application/json")


def too_many_fields(client: Client) -> Any:
    return client.get("/api/v1/tokens", {str(n): "" for n in range(10_001)})


def nested_too_deep(client: Client) -> Any:
    return client.patch("/api/v1/me", "[" * 200_000, content_type="application/json")


def no_length(client: Client) -> Any:
    return client.patch("/api/v1/me", headers={"transfer-encoding": "chunked"})


def broken(client: Client) -> Any:
    def fail(*_: object) -> None:
        raise RuntimeError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Token.objects, "find_user", fail)
        return client.get("/api/v1/me")


ERRORS: dict[Callable[[Client], Any], int] = {
    unknown_url: 404,
    post_to_unknown_url: 404,
    trailing_slash: 404,
    unknown_version: 404,
    wrong_method: 405,
    forged_host: 400,
    too_long: 413,
    too_long_for_json: 413,
    too_many_fields: 400,
    nested_too_deep: 400,
    no_length: 411,
    broken: 500,
}


@pytest.mark.parametrize("send", ERRORS, ids=lambda send: send.__name__)
def test_errors_are_json(api_client: Client, send: Callable[[Client], Any]) -> None:
    response = send(api_client)
    assert response.status_code == ERRORS[send]
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.headers.get("Content-Length", str(len(response.content))) == str(
        len(response.content)
    )
    assert not response.cookies
    assert response.json().keys() == {"detail"}
    assert response.json()["detail"]
    if send is wrong_method:
        assert "PATCH" in response["Allow"]


# Django's debug page itself fails if there are too many fields.
@pytest.mark.parametrize(
    "send",
    [send for send in ERRORS if send not in {broken, too_many_fields}],
    ids=lambda send: send.__name__,
)
def test_errors_are_the_same_in_development(
    api_client: Client, settings: LazySettings, send: Callable[[Client], Any]
) -> None:
    settings.DEBUG = True
    response = send(api_client)
    assert response.status_code == ERRORS[send]
    assert response.json().keys() == {"detail"}


@pytest.mark.parametrize(
    ("path", "status"), [("me", 200), ("tokens", 200), ("tokens/1", 405), ("nothing", 404)]
)
def test_head_is_get_without_the_body(api_client: Client, path: str, status: int) -> None:
    response = api_client.head(f"/api/v1/{path}")
    assert (response.status_code, response.content) == (status, b"")
    assert response["Content-Type"].startswith("application/json")


@pytest.mark.django_db
def test_errors_outside_the_api_are_pages(client: Client) -> None:
    assert b"<h1>" in client.get("/no-such-page/").content
    assert b"<h1>" in client.get("/apis/").content


def test_development_shows_the_debug_page(api_client: Client, settings: LazySettings) -> None:
    settings.DEBUG = True
    response = broken(api_client)
    assert response.status_code == 500
    assert "RuntimeError" in response.content.decode()
    assert unknown_url(api_client)["Content-Type"] == "application/json"
