"""Mail by EMAIL_URL: password resets of a running site, and a real SMTP server."""

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.production import (
    Production,
    Site,
    Visitor,
    find_free_port,
    run_silent_server,
    use_closed_port,
    wait_until,
)

# aiosmtpd does not detect that implicit TLS is encrypted.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

# Several users, since password resets are limited per user.
MEMBERS = [f"member{number}@example.org" for number in range(10)]
LOGIN = LoginPassword(b"the user", b"p@ss/word")
USER = "the%20user:p%40ss%2Fword"


@dataclass
class Mailbox:
    """The mails that an SMTP server has received."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def run_smtp_server(**options) -> Iterator[Mailbox]:
    """Run an SMTP server; with `auth_required`, only LOGIN is valid."""
    mailbox = Mailbox(find_free_port())

    def authenticate(_server, _session, _envelope, _mechanism, data) -> AuthResult:
        return AuthResult(success=data == LOGIN, handled=False)

    controller = Controller(
        mailbox, hostname="localhost", port=mailbox.port, authenticator=authenticate, **options
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass
class Authority:
    """A private certificate authority, trusted only with its file."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that has issued a certificate for localhost."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    return Authority(file, context)


@pytest.fixture(scope="module")
def site_with_members(production: Production) -> Production:
    """Return a site with members, which can be served."""
    production.manage("migrate")
    production.run_python(
        "from apps.accounts.models import User\n"
        f"for email in {MEMBERS}: User.objects.create_user(email, 'a-password')"
    )
    return production


@pytest.fixture(scope="module")
def members() -> Iterator[str]:
    """Return an iterator over members, of whom each resets a password once."""
    return iter(MEMBERS)


def request_reset(site: Site, email: str) -> None:
    """Request a password reset, and the page after it."""
    response = Visitor(site).post("/account/password_reset/", {"email": email})
    assert (response.status, response.headers["Location"]) == (302, "/account/password_reset/done/")
    assert Visitor(site).get("/account/password_reset/done/").status == 200


def extract_link_path(mail: EmailMessage) -> str:
    """Return the path of the link in a mail."""
    [url] = re.findall(r"http://\S+", mail.get_content())
    return urlsplit(url).path


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp+plain://localhost:{port}", lambda _: run_smtp_server()),
        (
            f"smtp://{USER}@localhost:{{port}}",
            lambda context: run_smtp_server(tls_context=context, require_starttls=True, auth_required=True),
        ),
        (
            f"smtps://{USER}@localhost:{{port}}",
            lambda context: run_smtp_server(ssl_context=context, auth_required=True, auth_require_tls=False),
        ),
    ],
    ids=["plain", "starttls and password", "tls and password"],
)
def test_password_reset_arrives(
    site_with_members: Production, members: Iterator[str], authority: Authority, url: str, server: Callable
) -> None:
    """The mail of a password reset arrives unencrypted, by STARTTLS or by TLS, with or without a password.

    Its link opens the page for a new password.
    """
    with server(authority.context) as mailbox:
        variables = {"EMAIL_URL": url.format(port=mailbox.port), "SSL_CERT_FILE": str(authority.file)}
        with site_with_members.serve(**variables) as site:
            email = next(members)
            request_reset(site, email)
            [mail] = wait_until(lambda: mailbox.mails)
            assert mail["To"] == email
            assert mail["From"] == "you@example.com", "not the author of the project"
            assert Visitor(site).get(extract_link_path(mail)).headers["Location"].endswith("/set-password/")


@pytest.mark.parametrize(
    ("url", "server", "reason"),
    [
        (
            "smtp://localhost:{port}",
            lambda context: run_smtp_server(tls_context=context),
            "CERTIFICATE_VERIFY_FAILED",
        ),
        (
            "smtps://localhost:{port}",
            lambda context: run_smtp_server(ssl_context=context),
            "CERTIFICATE_VERIFY_FAILED",
        ),
        ("smtp://localhost:{port}", lambda _: run_smtp_server(), "STARTTLS"),
    ],
    ids=["starttls", "tls", "no starttls"],
)
def test_untrusted_server_gets_no_mail(
    site_with_members: Production,
    members: Iterator[str],
    authority: Authority,
    url: str,
    server: Callable,
    reason: str,
) -> None:
    """A mail server without a valid certificate or the required encryption gets no mail.

    The visitor gets a page as usual, and the log has the reason.
    """
    with server(authority.context) as mailbox:
        with site_with_members.serve(EMAIL_URL=url.format(port=mailbox.port)) as site:
            request_reset(site, next(members))
            assert wait_until(lambda: reason in site.log)
        assert mailbox.mails == []


@pytest.mark.parametrize("run_server", [use_closed_port, run_silent_server], ids=["down", "silent"])
def test_outage_of_the_mail_server(site_with_members: Production, members: Iterator[str], run_server) -> None:
    """If the mail server is down or never responds, the visitor gets a page and the log has an error."""
    with run_server() as port, site_with_members.serve(EMAIL_URL=f"smtp://localhost:{port}") as site:
        request_reset(site, next(members))
        [error] = wait_until(lambda: [line for line in site.log.splitlines() if '"ERROR"' in line])
        assert "apps.accounts.tasks" in error
