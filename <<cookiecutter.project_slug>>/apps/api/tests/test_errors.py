"""No program that asks the API gets a page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.api.models import Token


def no_such_address(client: Client) -> Any:
    return client.get("/api/v1/no-such-thing")


def no_such_address_to_post_to(client: Client) -> Any:
    return client.post("/api/v1/no-such-thing", {}, content_type="application/json")


def slash_at_the_end(client: Client) -> Any:
    return client.patch("/api/v1/me/", {"name": "Ann"}, content_type="application/json")


def no_such_version(client: Client) -> Any:
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
        patch.setattr(Token.objects, "user_of", fail)
        return client.get("/api/v1/me")


ERRORS: dict[Callable[[Client], Any], int] = {
    no_such_address: 404,
    no_such_address_to_post_to: 404,
    slash_at_the_end: 404,
    no_such_version: 404,
    wrong_method: 405,
    forged_host: 400,
    too_long: 413,
    too_long_for_json: 413,
    too_many_fields: 400,
    nested_too_deep: 400,
    no_length: 411,
    broken: 500,
}


@pytest.mark.parametrize("ask", ERRORS, ids=lambda ask: ask.__name__)
def test_errors_are_json(program: Client, ask: Callable[[Client], Any]) -> None:
    response = ask(program)
    assert response.status_code == ERRORS[ask]
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.headers.get("Content-Length", str(len(response.content))) == str(
        len(response.content)
    )
    assert not response.cookies
    assert response.json().keys() == {"detail"}
    assert response.json()["detail"]
    if ask is wrong_method:
        assert "PATCH" in response["Allow"]


# Django's page for developers fails itself where it shows too many fields.
@pytest.mark.parametrize(
    "ask",
    [ask for ask in ERRORS if ask not in {broken, too_many_fields}],
    ids=lambda ask: ask.__name__,
)
def test_errors_are_the_same_in_development(
    program: Client, settings: LazySettings, ask: Callable[[Client], Any]
) -> None:
    settings.DEBUG = True
    response = ask(program)
    assert response.status_code == ERRORS[ask]
    assert response.json().keys() == {"detail"}


@pytest.mark.parametrize(
    ("address", "status"), [("me", 200), ("tokens", 200), ("tokens/1", 405), ("nothing", 404)]
)
def test_head_is_get_without_the_body(program: Client, address: str, status: int) -> None:
    response = program.head(f"/api/v1/{address}")
    assert (response.status_code, response.content) == (status, b"")
    assert response["Content-Type"].startswith("application/json")


@pytest.mark.django_db
def test_other_errors_are_pages(client: Client) -> None:
    assert b"<h1>" in client.get("/no-such-page/").content
    assert b"<h1>" in client.get("/apis/").content


def test_in_development_django_says_where_it_failed(
    program: Client, settings: LazySettings
) -> None:
    settings.DEBUG = True
    response = broken(program)
    assert response.status_code == 500
    assert "RuntimeError" in response.content.decode()
    assert no_such_address(program)["Content-Type"] == "application/json"
