"""The log of requests."""

import logging

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_a_request_is_logged_with_its_id(
    client: Client, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    """A request is logged with the ID that the proxy gave it."""
    settings.TRUST_PROXY = True
    with caplog.at_level(logging.INFO, logger="site.request"):
        response = client.get("/", headers={"x-request-id": "Root=1-67891233-abcdef"})
    assert response["X-Request-ID"] == "Root=1-67891233-abcdef"
    assert "GET / 200" in caplog.messages


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["", "two words", "x" * 200, "naïve", 'a"b', "a\tb"])
def test_an_invalid_id_is_replaced(client: Client, settings: Settings, forged: str) -> None:
    """An invalid request ID is replaced."""
    settings.TRUST_PROXY = True
    made = client.get("/", headers={"x-request-id": forged})["X-Request-ID"]
    assert made.isalnum()


@pytest.mark.django_db
def test_health_checks_are_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Health checks are not logged."""
    with caplog.at_level(logging.INFO, logger="site.request"):
        client.get("/healthz")
        client.get("/readyz")
    assert not caplog.messages
