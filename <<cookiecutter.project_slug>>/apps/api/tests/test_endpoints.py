"""What is asked and answered."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.tests.factories import make_user
from apps.api.models import Token

ME, TOKENS = "/api/v1/me", "/api/v1/tokens"


def patch(client: Client, body: Any) -> Any:
    """Send a change of oneself, as JSON unless it is a text."""
    data = body if isinstance(body, str) else json.dumps(body)
    return client.patch(ME, data, content_type="application/json")


def test_me(program: Client, user: User) -> None:
    assert program.get(ME).json() == {
        "id": user.pk,
        "email": "ann@example.org",
        "name": "Ann Example",
    }


def test_another_name(program: Client, user: User) -> None:
    answer = patch(program, {"name": " آن "})
    assert answer.status_code == 200
    assert answer.json()["name"] == "آن"
    user.refresh_from_db()
    assert user.name == "آن"


def test_what_is_not_given_stays(program: Client, user: User) -> None:
    assert patch(program, {}).json()["name"] == user.name


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 151}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"email": "ben@example.org"}, "email"),
        ({"is_superuser": True}, "is_superuser"),
    ],
)
def test_what_cannot_be(program: Client, user: User, body: Any, field: str) -> None:
    answer = patch(program, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert error["field"].endswith(field)
    assert error["detail"]
    user.refresh_from_db()
    assert (user.name, user.email, user.is_superuser) == ("Ann Example", "ann@example.org", False)


@pytest.mark.parametrize("body", ["{", "[]", "1", "null", "NaN", "[" * 200_000])
def test_what_is_no_json_object(program: Client, body: str) -> None:
    answer = patch(program, body)
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


def test_tokens_are_listed_in_parts(program: Client, user: User) -> None:
    for number in range(4):
        Token.objects.issue(user, f"{number}")
    Token.objects.issue(make_user(), "of somebody else")
    everything = program.get(TOKENS).json()
    assert everything["count"] == 5
    assert [item["name"] for item in everything["items"]][:4] == ["3", "2", "1", "0"]
    assert everything["items"][0].keys() == {"id", "name", "created", "last_used", "expires"}
    some = program.get(TOKENS, {"limit": 2, "offset": 1}).json()
    assert some == {"items": everything["items"][1:3], "count": 5}
    assert program.get(TOKENS, {"offset": 100}).json() == {"items": [], "count": 5}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "x"},
        {"offset": "-1"},
        {"offset": "9" * 5000},
        {"offset": "²"},
    ],
)
def test_parts_that_cannot_be(program: Client, query: dict[str, str]) -> None:
    answer = program.get(TOKENS, query)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


def test_ones_own_token_is_revoked(program: Client, token: Token) -> None:
    answer = program.delete(f"{TOKENS}/{token.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Token.objects.exists()
    assert program.get(ME).status_code == 401


def test_nobody_elses_token_is_there(program: Client) -> None:
    other = Token.objects.issue(make_user(), "of somebody else")
    for number in (other.pk, other.pk + 1, 10**30):
        assert program.delete(f"{TOKENS}/{number}").status_code == 404
    assert Token.objects.filter(pk=other.pk).exists()
