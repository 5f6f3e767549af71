"""Accounts by django-allauth in Chromium, as in production: no page breaks the policy, and passkeys work."""

import json
import quopri
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitors import PASSWORD, Visitors, check_page, follow, send
from tests.choices.passkeys import add_passkey, use_authenticator
from tests.production import Production, Site, wait_until
from tests.project import Install


@pytest.fixture(scope="module")
def production(cookies_session, install: Install) -> Production:
    """Return a project in which everybody can sign up, with its packages."""
    return Production(install(cookies_session.bake(extra_context={"sign_up": "public"}).project_path))


class Provider(BaseHTTPRequestHandler):
    """An OpenID Connect server at which one person is always signed in."""

    person: ClassVar[dict[str, object]] = {
        "sub": "7",
        "email": "elsewhere@example.org",
        "email_verified": True,
    }

    def do_GET(self) -> None:
        """Describe the server, send the person back, or say who they are."""
        here = f"http://{self.headers['Host']}"
        if self.path.startswith("/authorize"):
            asked = dict(parse_qsl(urlsplit(self.path).query))
            self.send_response(302)
            back = urlencode({"code": "1", "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        elif self.path.startswith("/.well-known/"):
            ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            self.say({f"{name}_endpoint": f"{here}/{path}" for name, path in ends.items()})
        else:
            self.say(self.person)

    def do_POST(self) -> None:
        """Give a token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say({"access_token": "token", "token_type": "Bearer"})

    def say(self, value: dict[str, object]) -> None:
        """Answer in JSON."""
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Return the address of a server that says who people are."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(production: Production, provider: str) -> Iterator[Site]:
    """Return it running, with a person of the staff and another server's accounts."""
    oidc = {"OIDC_CLIENT_ID": "ours", "OIDC_CLIENT_SECRET": "secret", "OIDC_NAME": "Our own"}
    with production.serve(OIDC_SERVER_URL=provider, ALLOWED_HOSTS="localhost,127.0.0.1", **oidc) as site:
        production.run_python(
            "from apps.accounts.models import User\n"
            f"User.objects.create_superuser('staff@example.org', {PASSWORD!r})\n"
            f"User.objects.create_user('forgetful@example.org', {PASSWORD!r})"
        )
        yield site


@pytest.fixture
def visitors(browser: Browser, site: Site) -> Iterator[Visitors]:
    """Return people who visit the site; in the end the test fails if a page complained."""
    visitors = Visitors(browser, site)
    yield visitors
    visitors.leave()


@pytest.fixture
def page(visitors: Visitors) -> Page:
    """Return the sign-in page in a browser that can keep a passkey."""
    page = visitors.open("/account/login/")
    use_authenticator(page)
    return page


def mailed_code(site: Site, to: str) -> str:
    """Return the code in the last email to an address, once it has been sent."""

    def code() -> str:
        log = quopri.decodestring(site.log_file.read_bytes()).decode(errors="replace")
        _, _, mail = log.rpartition(f"To: {to}")
        found = re.search(r"^([A-Z0-9]{3,}(-[A-Z0-9]+)?)$", mail, re.MULTILINE)
        return found[1] if found else ""

    return wait_until(code)


def sign_out(page: Page) -> None:
    """Sign out by the button at the top."""
    follow(page.get_by_role("button", name="Sign out").first)


def test_sign_up_and_sign_in_by_a_passkey(page: Page, site: Site) -> None:
    """A visitor signs up, verifies the email address, adds a passkey, and signs in with it alone."""
    check_page(page)
    follow(page.get_by_role("link", name="Create an account"))
    check_page(page)
    send(page, email="new@example.org", password1=PASSWORD)
    check_page(page)
    send(page, code=mailed_code(site, "new@example.org"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    add_passkey(page)
    sign_out(page)
    page.goto(f"{site.url}/account/login/")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_passkey_error_is_shown(page: Page, site: Site) -> None:
    """At an IP address, for which there are no passkeys, the browser's error is shown."""
    page.goto(f"{site.url.replace('localhost', '127.0.0.1')}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("invalid domain")
    check_page(page)


def test_staff_set_up_a_second_factor_before_the_admin(page: Page, site: Site) -> None:
    """The admin redirects them there; afterwards a sign-in by password asks for it."""
    page.goto(f"{site.url}/admin/")
    assert "/account/login/?next=/admin/" in page.url
    send(page, login="staff@example.org", password=PASSWORD)
    expect(page.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    check_page(page)
    add_passkey(page)
    page.goto(f"{site.url}/admin/")
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    follow(page.get_by_role("button", name="Log out"))

    page.goto(f"{site.url}/admin/")
    send(page, login="staff@example.org", password=PASSWORD)
    check_page(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def test_sign_in_with_a_provider(page: Page, site: Site, provider: str) -> None:
    """The redirects there and back respect the CSP, whose form-action is this site alone."""
    follow(page.get_by_role("link", name="Our own"))
    check_page(page)
    with page.expect_request(lambda request: request.url.startswith(f"{provider}/authorize")):
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    follow(page.get_by_role("link", name="Account", exact=True))
    follow(page.get_by_role("link", name="Other ways to sign in"))
    check_page(page)


def test_provider_account_with_the_email_of_an_account(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is asked to sign in as before and to connect it."""
    person = {"sub": "8", "email": "staff@example.org", "email_verified": True}
    monkeypatch.setattr(Provider, "person", person)
    follow(page.get_by_role("link", name="Our own"))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("already has an account here")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    check_page(page)


def test_too_many_wrong_codes(page: Page, site: Site) -> None:
    """The page says that the code no longer works, and mails a new one."""
    page.goto(f"{site.url}/account/signup/")
    send(page, email="clumsy@example.org", password1=PASSWORD)
    first = mailed_code(site, "clumsy@example.org")
    for code in ("WRONG", "WRONG", "WRONG", first):
        send(page, code=code)
    problem = page.get_by_role("group", name="There is a problem")
    expect(problem).to_contain_text("Too many wrong codes")
    check_page(page)
    follow(page.get_by_role("button", name="Request new code"))
    check_page(page)
    wait_until(lambda: mailed_code(site, "clumsy@example.org") != first)
    send(page, code=mailed_code(site, "clumsy@example.org"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_new_codes_are_limited(page: Page, site: Site) -> None:
    """After a few the page says when to try again."""
    page.goto(f"{site.url}/account/signup/")
    send(page, email="impatient@example.org", password1=PASSWORD)
    for _ in range(5):
        follow(page.get_by_role("button", name="Request new code"))
    expect(page.get_by_role("heading", name="Too many")).to_be_visible()
    check_page(page)


def test_reset_a_password(page: Page, site: Site, visitors: Visitors) -> None:
    """By the link in an email, which is sent after the response."""
    page.goto(f"{site.url}/account/password/reset/")
    check_page(page)
    send(page, email="forgetful@example.org")
    check_page(page)
    page.goto(visitors.link_mailed_to("forgetful"))
    check_page(page)
    send(page, password1=f"new {PASSWORD}", password2=f"new {PASSWORD}")
    check_page(page)
    page.goto(f"{site.url}/account/login/")
    send(page, login="forgetful@example.org", password=f"new {PASSWORD}")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_pages_of_an_account(page: Page, site: Site) -> None:
    """Each has the site's layout, is accessible and respects the CSP."""
    page.goto(f"{site.url}/account/signup/")
    send(page, email="other@example.org", password1=PASSWORD)
    send(page, code=mailed_code(site, "other@example.org"))
    page.goto(f"{site.url}/account/reauthenticate/")
    send(page, password=PASSWORD)
    for path in ("", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "logout/"):
        page.goto(f"{site.url}/account/{path}")
        assert page.get_by_role("heading", level=1).count() == 1
        assert "security key" not in page.content().lower()
        check_page(page)
