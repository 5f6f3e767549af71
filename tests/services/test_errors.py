"""Error reports to Sentry with SENTRY_DSN: a real site, and a mock of Sentry."""

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


def cause_error(visitor: Visitor) -> Response:
    """Cause an error, with personal data in every part of the request."""
    response = visitor.post(
        f"/account/login/?search={PERSONAL['query']}",
        {"username": PERSONAL["email"], "password": PERSONAL["password"]},
        Authorization=f"Bearer {PERSONAL['authorization']}",
        User_Agent=PERSONAL["agent"],
        X_Forwarded_For=PERSONAL["address"],
    )
    assert response.status == 500
    return response


def decode_envelope(production: Production, received: ReceivedRequest) -> str:
    """Return an envelope as text; the project's packages decompress it."""
    unpack = {
        None: "body",
        "gzip": "__import__('gzip').decompress(body)",
        "br": "__import__('brotli').decompress(body)",
    }[received.headers["Content-Encoding"]]
    script = f"import sys; body = bytes.fromhex(sys.argv[1]); print(({unpack}).decode())"
    return production.project.run("python", "-c", script, received.body.hex()).stdout


def parse_event(envelope: str) -> dict:
    """Return the only event in an envelope.

    https://develop.sentry.dev/sdk/foundations/transport/envelopes/
    """
    _head, item, payload = envelope.strip().split("\n")
    assert json.loads(item)["type"] == "event"
    return json.loads(payload)


def test_errors_are_reported_without_personal_data(production: Production, service: Service) -> None:
    """An error is reported to Sentry with the request ID, the release and the environment.

    The report contains no personal data of the visitor.
    """
    dsn = f"http://public@127.0.0.1:{service.port}/7"
    with production.serve(**BROKEN, SENTRY_DSN=dsn, SENTRY_ENVIRONMENT="staging", RELEASE="a-commit") as site:
        visitor = Visitor(site)
        response = cause_error(visitor)
        wait_until(lambda: service.received)
        assert site.stop() == 0
    [received] = service.received
    assert received.path == "/api/7/envelope/"
    envelope = decode_envelope(production, received)
    event = parse_event(envelope)
    assert event["exception"]["values"][-1]["type"] == "OperationalError"
    assert event["transaction"] == "/account/login/"
    assert event["tags"]["request_id"] == response.headers["X-Request-ID"]
    assert (event["release"], event["environment"]) == ("a-commit", "staging")
    [cookie] = visitor.cookies
    personal = {**PERSONAL, "cookie": cookie.value}
    assert not [name for name, value in personal.items() if value in envelope + str(received.headers)]


@pytest.mark.parametrize("run_sentry", [use_closed_port, run_silent_server], ids=["down", "silent"])
def test_outage_of_sentry(production: Production, run_sentry) -> None:
    """If Sentry is down or never responds, pages are not delayed and the site stops cleanly."""
    with run_sentry() as port:
        dsn = f"http://public@127.0.0.1:{port}/7"
        with production.serve(**BROKEN, SENTRY_DSN=dsn) as site:
            for _ in range(20):
                cause_error(Visitor(site))
            assert Visitor(site).get("/").status == 200
            assert site.stop() == 0


def test_sentry_is_not_imported_without_the_variable(production: Production) -> None:
    """Without SENTRY_DSN no module of Sentry is imported."""
    without_dsn = production.run_python("import sys; print('sentry_sdk' in sys.modules)")
    assert without_dsn.strip() == "False"
    with_dsn = production.run_python(
        "import sys; print('sentry_sdk' in sys.modules)", SENTRY_DSN="http://public@127.0.0.1:9/7"
    )
    assert with_dsn.strip() == "True"
