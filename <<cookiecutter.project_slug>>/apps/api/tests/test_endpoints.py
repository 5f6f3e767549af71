"""Requests and responses of the endpoints."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import Token

ME, TOKENS = "/api/v1/me", "/api/v1/tokens"
# The status of a body with a wrong field.
INVALID = << '422' if cookiecutter.api == 'ninja' else '400' >>


def patch(client: Client, body: Any) -> Any:
    """Send a PATCH request for the user, as JSON unless the body is a text."""
    data = body if isinstance(body, str) else json.dumps(body)
    return client.patch(ME, data, content_type="application/json")


def wrong_fields(response: Any) -> list[str]:
    """Return the fields that the errors name."""
<% if cookiecutter.api == "ninja" %>
    return [".".join(error["loc"]).removeprefix("body.") for error in response.json()["detail"]]
<% else %>
    return list(response.json())
<% endif %>


def test_me(api_client: Client, user: User) -> None:
    assert api_client.get(ME).json() == {
        "id": user.pk,
        "email": "ann@example.org",
        "name": "Ann Example",
    }


def test_change_name(api_client: Client, user: User) -> None:
    response = patch(api_client, {"name": " آن "})
    assert response.status_code == 200
    assert response.json()["name"] == "آن"
    user.refresh_from_db()
    assert user.name == "آن"


def test_omitted_fields_are_unchanged(api_client: Client, user: User) -> None:
    assert patch(api_client, {}).json()["name"] == user.name


@pytest.mark.parametrize("name", ["x" * 151, None, ["x"], "a\0b", "\ud800"])
def test_invalid_names_are_refused(api_client: Client, user: User, name: Any) -> None:
    response = patch(api_client, {"name": name})
    assert response.status_code == INVALID
    assert wrong_fields(response) == ["name"]
    user.refresh_from_db()
    assert user.name == "Ann Example"


@pytest.mark.parametrize("body", [{"email": "ben@example.org"}, {"is_superuser": True}])
def test_read_only_fields_are_unchanged(api_client: Client, user: User, body: Any) -> None:
    patch(api_client, body)
    user.refresh_from_db()
    assert (user.email, user.is_superuser) == ("ann@example.org", False)


@pytest.mark.parametrize("body", ["{", "[]", "1", "null", "NaN"])
def test_a_body_must_be_a_json_object(api_client: Client, body: str) -> None:
    response = patch(api_client, body)
    assert response.status_code in {400, INVALID}
    assert "detail" in response.json() or "non_field_errors" in response.json()


def test_tokens_are_paginated(api_client: Client, user: User) -> None:
    for number in range(24):
        Token.objects.issue(user, f"{number}")
    Token.objects.issue(make_user(), "of another user")
    first = api_client.get(TOKENS).json()
    items = first["<< 'items' if cookiecutter.api == 'ninja' else 'results' >>"]
    assert first["count"] == 25
    assert [item["name"] for item in items] == [f"{number}" for number in range(23, 3, -1)]
    assert items[0].keys() == {"id", "name", "created", "last_used", "expires"}
<% if cookiecutter.api == "ninja" %>
    rest = api_client.get(TOKENS, {"limit": 100, "offset": 20}).json()["items"]
<% else %>
    rest = api_client.get(TOKENS, {"page": 2}).json()["results"]
<% endif %>
    assert len(rest) == 5


<% if cookiecutter.api == "ninja" %>
@pytest.mark.parametrize("query", [{"limit": "101"}, {"offset": "-1"}, {"offset": "9" * 5000}])
<% else %>
@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "3"}, {"page": "9" * 5000}])
<% endif %>
def test_invalid_pages_are_refused(api_client: Client, query: dict[str, str]) -> None:
    assert api_client.get(TOKENS, query).status_code == << '422' if cookiecutter.api == 'ninja' else '404' >>


def test_revoke_own_token(api_client: Client, token: Token) -> None:
    response = api_client.delete(f"{TOKENS}/{token.pk}")
    assert (response.status_code, response.content) == (204, b"")
    assert not Token.objects.exists()
    assert api_client.get(ME).status_code == 401


def test_tokens_of_other_users_are_not_found(api_client: Client) -> None:
    other = Token.objects.issue(make_user(), "of another user")
    for number in (other.pk, other.pk + 1, 10**30):
        assert api_client.delete(f"{TOKENS}/{number}").status_code == 404
    assert Token.objects.filter(pk=other.pk).exists()
