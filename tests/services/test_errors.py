"""Errors go to Sentry where SENTRY_DSN is set: a real site, and a server that speaks Sentry's protocol."""

import json

import pytest

from tests.production import (
    Production,
    ReceivedRequest,
    Response,
    Service,
    Visitor,
    run_silent_server,
    use_closed_port,
    wait_until,
)

PERSONAL = {
    "email": "ann@personal.example",
    "password": "personal-password",
    "authorization": "personal-authorization",
    "query": "personal-query",
    "agent": "personal-agent",
    "address": "203.0.113.77",
}
BROKEN = {"RUN_MIGRATIONS": "false", "DATABASE_URL": "sqlite:////nowhere/db.sqlite3"}


def provoke(visitor: Visitor) -> Response:
    """Sign in where there is no database, with personal data in every place a request has."""
    response = visitor.post(
        f"/account/login/?search={PERSONAL['query']}",
        {"username": PERSONAL["email"], "password": PERSONAL["password"]},
        Authorization=f"Bearer {PERSONAL['authorization']}",
        User_Agent=PERSONAL["agent"],
        X_Forwarded_For=PERSONAL["address"],
    )
    assert response.status == 500
    return response


def text(production: Production, received: ReceivedRequest) -> str:
    """Return an envelope as text; the project has what unpacks it."""
    unpack = {
        None: "body",
        "gzip": "__import__('gzip').decompress(body)",
        "br": "__import__('brotli').decompress(body)",
    }[received.headers["Content-Encoding"]]
    script = f"import sys; body = bytes.fromhex(sys.argv[1]); print(({unpack}).decode())"
    return production.project.run("python", "-c", script, received.body.hex()).stdout


def event(envelope: str) -> dict:
    """Return the one event in an envelope.

    https://develop.sentry.dev/sdk/foundations/transport/envelopes/
    """
    _head, item, payload = envelope.strip().split("\n")
    assert json.loads(item)["type"] == "event"
    return json.loads(payload)


def test_an_error_arrives_without_personal_data(production: Production, service: Service) -> None:
    """An error arrives in Sentry with the request's id, the release and the environment.

    It contains no IP address, cookie, header, form, query or variable of the visitor's.
    """
    dsn = f"http://public@127.0.0.1:{service.port}/7"
    with production.serve(**BROKEN, SENTRY_DSN=dsn, SENTRY_ENVIRONMENT="staging", RELEASE="a-commit") as site:
        visitor = Visitor(site)
        response = provoke(visitor)
        wait_until(lambda: service.received)
        assert site.stop() == 0
    [received] = service.received
    assert received.path == "/api/7/envelope/"
    envelope = text(production, received)
    sent = event(envelope)
    assert sent["exception"]["values"][-1]["type"] == "OperationalError"
    assert sent["transaction"] == "/account/login/"
    assert sent["tags"]["request_id"] == response.headers["X-Request-ID"]
    assert (sent["release"], sent["environment"]) == ("a-commit", "staging")
    [cookie] = visitor.cookies
    personal = {**PERSONAL, "cookie": cookie.value}
    assert not [name for name, value in personal.items() if value in envelope + str(received.headers)]


@pytest.mark.parametrize("service_at", [use_closed_port, run_silent_server], ids=["gone", "silent"])
def test_an_outage_of_sentry_does_not_affect_pages(production: Production, service_at) -> None:
    """With a Sentry that is gone, or never answers, each page comes at once and the stop is clean."""
    with service_at() as port:
        dsn = f"http://public@127.0.0.1:{port}/7"
        with production.serve(**BROKEN, SENTRY_DSN=dsn) as site:
            for _ in range(20):
                provoke(Visitor(site))
            assert Visitor(site).get("/").status == 200
            assert site.stop() == 0


def test_nothing_is_imported_without_the_variable(production: Production) -> None:
    """Without SENTRY_DSN nothing of Sentry is imported."""
    loaded = production.run_python("import sys; print('sentry_sdk' in sys.modules)")
    assert loaded.strip() == "False"
    with_dsn = production.run_python(
        "import sys; print('sentry_sdk' in sys.modules)", SENTRY_DSN="http://public@127.0.0.1:9/7"
    )
    assert with_dsn.strip() == "True"
