import mmap

import pytest
from django.test import Client

from config import draining


def test_alive_without_database_and_for_any_host(client: Client) -> None:
    """Load balancers use an IP address as the host. Without the mark django_db, a query fails the test."""
    response = client.get("/healthz", headers={"host": "10.0.0.1:8000"})
    assert (response.status_code, response.text) == (200, "ok")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready(client: Client) -> None:
    response = client.get("/readyz", headers={"host": "10.0.0.1:8000"})
    assert response.status_code == 200
    assert response.json() == {"serving": "ok", "database": "ok"}


@pytest.mark.django_db
def test_not_ready_before_a_stop(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "_flag", mmap.mmap(-1, 1))
    draining.begin()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["serving"] == "stopping"


@pytest.mark.django_db
def test_other_pages_check_the_host(client: Client) -> None:
    assert client.get("/", headers={"host": "10.0.0.1:8000"}).status_code == 400
