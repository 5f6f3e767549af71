"""Mail by EMAIL_URL: a password reset of the running site, and a real SMTP server."""

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

# aiosmtpd does not see that what comes over TLS from the start is encrypted.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

# A reset for each, since there is a limit to how many one of them gets.
MEMBERS = [f"member{number}@example.org" for number in range(10)]
LOGIN = LoginPassword(b"the user", b"p@ss/word")
USER = "the%20user:p%40ss%2Fword"


@dataclass
class Mailbox:
    """The emails that an SMTP server has received."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def smtp(**options) -> Iterator[Mailbox]:
    """Return the mailbox of an SMTP server; with `auth_required` it knows LOGIN alone."""
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
    """A private certificate authority, unknown without its file."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that has vouched for localhost."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    return Authority(file, context)


@pytest.fixture(scope="module")
def with_members(production: Production) -> Production:
    """Return a site to be served that has members."""
    production.manage("migrate")
    production.run_python(
        "from apps.accounts.models import User\n"
        f"for email in {MEMBERS}: User.objects.create_user(email, 'a-password')"
    )
    return production


@pytest.fixture(scope="module")
def members() -> Iterator[str]:
    """Return a visitor who has not yet requested a new password."""
    return iter(MEMBERS)


def ask_for_a_reset(site: Site, email: str) -> None:
    """Ask for a new password, and get the page that says what comes next."""
    response = Visitor(site).post("/account/password_reset/", {"email": email})
    assert (response.status, response.headers["Location"]) == (302, "/account/password_reset/done/")
    assert Visitor(site).get("/account/password_reset/done/").status == 200


def link(mail: EmailMessage) -> str:
    """Return the path of the link in a mail."""
    [url] = re.findall(r"http://\S+", mail.get_content())
    return urlsplit(url).path


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp+plain://localhost:{port}", lambda _: smtp()),
        (
            f"smtp://{USER}@localhost:{{port}}",
            lambda context: smtp(tls_context=context, require_starttls=True, auth_required=True),
        ),
        (
            f"smtps://{USER}@localhost:{{port}}",
            lambda context: smtp(ssl_context=context, auth_required=True, auth_require_tls=False),
        ),
    ],
    ids=["plain", "starttls and password", "tls and password"],
)
def test_a_password_reset_arrives(
    with_members: Production, members: Iterator[str], authority: Authority, url: str, server: Callable
) -> None:
    """The mail of a password reset arrives, not encrypted, by STARTTLS or by TLS, with a password or without.

    Its link leads to the page for a new password.
    """
    with server(authority.context) as mailbox:
        variables = {"EMAIL_URL": url.format(port=mailbox.port), "SSL_CERT_FILE": str(authority.file)}
        with with_members.serve(**variables) as site:
            email = next(members)
            ask_for_a_reset(site, email)
            [mail] = wait_until(lambda: mailbox.mails)
            assert mail["To"] == email
            assert mail["From"] == "you@example.com", "the author of the project"
            assert Visitor(site).get(link(mail)).headers["Location"].endswith("/set-password/")


@pytest.mark.parametrize(
    ("url", "server", "reason"),
    [
        ("smtp://localhost:{port}", lambda context: smtp(tls_context=context), "CERTIFICATE_VERIFY_FAILED"),
        ("smtps://localhost:{port}", lambda context: smtp(ssl_context=context), "CERTIFICATE_VERIFY_FAILED"),
        ("smtp://localhost:{port}", lambda _: smtp(), "STARTTLS"),
    ],
    ids=["starttls", "tls", "no starttls"],
)
def test_an_untrusted_server_gets_no_mail(
    with_members: Production,
    members: Iterator[str],
    authority: Authority,
    url: str,
    server: Callable,
    reason: str,
) -> None:
    """A mail server with an unknown certificate, or without the encryption asked for, gets no mail.

    The visitor gets a page, and the log says why.
    """
    with server(authority.context) as mailbox:
        with with_members.serve(EMAIL_URL=url.format(port=mailbox.port)) as site:
            ask_for_a_reset(site, next(members))
            assert wait_until(lambda: reason in site.log)
        assert mailbox.mails == []


@pytest.mark.parametrize("server_at", [use_closed_port, run_silent_server], ids=["gone", "silent"])
def test_an_outage_of_the_server_does_not_affect_pages(
    with_members: Production, members: Iterator[str], server_at
) -> None:
    """With a mail server that is gone, or never answers, the visitor gets a page and the log an error."""
    with server_at() as port, with_members.serve(EMAIL_URL=f"smtp://localhost:{port}") as site:
        ask_for_a_reset(site, next(members))
        [error] = wait_until(lambda: [line for line in site.log.splitlines() if '"ERROR"' in line])
        assert "apps.accounts.tasks" in error
