"""The log of requests."""

import logging

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_request_is_logged_with_its_id(
    client: Client, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    """A request is logged with the request ID from the proxy."""
    settings.TRUST_PROXY = True
    with caplog.at_level(logging.INFO, logger="site.request"):
        response = client.get("/", headers={"x-request-id": "Root=1-67891233-abcdef"})
    assert response["X-Request-ID"] == "Root=1-67891233-abcdef"
    assert "GET / 200" in caplog.messages


@pytest.mark.django_db
@pytest.mark.parametrize("request_id", ["", "two words", "x" * 200, "naïve", 'a"b', "a\tb"])
def test_invalid_request_id_is_replaced(client: Client, settings: Settings, request_id: str) -> None:
    """An invalid request ID is replaced with a new one."""
    settings.TRUST_PROXY = True
    response_id = client.get("/", headers={"x-request-id": request_id})["X-Request-ID"]
    assert response_id.isalnum()


@pytest.mark.django_db
def test_health_checks_are_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Health checks are not logged."""
    with caplog.at_level(logging.INFO, logger="site.request"):
        client.get("/healthz")
        client.get("/readyz")
    assert not caplog.messages
