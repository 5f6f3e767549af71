"""Accounts by django-allauth in Chromium, as in production; every page respects the CSP."""

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

from tests.browser.visitors import PASSWORD, Visitors, check_page, click_and_wait, submit
from tests.choices.passkeys import add_authenticator, add_passkey
from tests.production import Production, Site, wait_until
from tests.project import Install


@pytest.fixture(scope="module")
def production(cookies_session, install: Install) -> Production:
    """Return a project with public sign-up, which can be served."""
    return Production(install(cookies_session.bake(extra_context={"sign_up": "public"}).project_path))


class Provider(BaseHTTPRequestHandler):
    """An OpenID Connect provider at which one user is always signed in."""

    claims: ClassVar[dict[str, object]] = {
        "sub": "7",
        "email": "elsewhere@example.org",
        "email_verified": True,
    }

    def do_GET(self) -> None:
        """Send the configuration, redirect the user back, or send the user's claims."""
        url = f"http://{self.headers['Host']}"
        if self.path.startswith("/authorize"):
            query = dict(parse_qsl(urlsplit(self.path).query))
            self.send_response(302)
            parameters = urlencode({"code": "1", "state": query["state"]})
            self.send_header("Location", f"{query['redirect_uri']}?{parameters}")
            self.end_headers()
        elif self.path.startswith("/.well-known/"):
            endpoints = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            self.send_json({f"{name}_endpoint": f"{url}/{path}" for name, path in endpoints.items()})
        else:
            self.send_json(self.claims)

    def do_POST(self) -> None:
        """Issue a token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_json({"access_token": "token", "token_type": "Bearer"})

    def send_json(self, value: dict[str, object]) -> None:
        """Send a JSON response."""
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Return the URL of an OpenID Connect provider."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(production: Production, provider: str) -> Iterator[Site]:
    """Return the running site, with staff and an OpenID Connect provider."""
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
    """Return the site's visitors; fail at the end if a page had errors."""
    visitors = Visitors(browser, site)
    yield visitors
    visitors.close()


@pytest.fixture
def page(visitors: Visitors) -> Page:
    """Return the sign-in page in a browser with an authenticator."""
    page = visitors.open("/account/login/")
    add_authenticator(page)
    return page


def wait_for_mailed_code(site: Site, to: str) -> str:
    """Return the code in the last mail to this email address, once it has been sent."""

    def find_code() -> str:
        log = quopri.decodestring(site.log_file.read_bytes()).decode(errors="replace")
        _, _, mail = log.rpartition(f"To: {to}")
        match = re.search(r"^([A-Z0-9]{3,}(-[A-Z0-9]+)?)$", mail, re.MULTILINE)
        return match[1] if match else ""

    return wait_until(find_code)


def sign_out(page: Page) -> None:
    """Sign out with the button in the header."""
    click_and_wait(page.get_by_role("button", name="Sign out").first)


def test_sign_up_and_sign_in_with_a_passkey(page: Page, site: Site) -> None:
    """A visitor signs up, verifies the email address, adds a passkey, and signs in with only that."""
    check_page(page)
    click_and_wait(page.get_by_role("link", name="Create an account"))
    check_page(page)
    submit(page, email="new@example.org", password1=PASSWORD)
    check_page(page)
    submit(page, code=wait_for_mailed_code(site, "new@example.org"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    add_passkey(page)
    sign_out(page)
    page.goto(f"{site.url}/account/login/")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_passkey_error_is_shown(page: Page, site: Site) -> None:
    """The browser's error is shown if it cannot use passkeys, as on an IP address."""
    page.goto(f"{site.url.replace('localhost', '127.0.0.1')}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("invalid domain")
    check_page(page)


def test_staff_need_a_second_factor_for_the_admin(page: Page, site: Site) -> None:
    """Staff must set up a second factor before they can use the admin, and then sign in with it."""
    page.goto(f"{site.url}/admin/")
    assert "/account/login/?next=/admin/" in page.url
    submit(page, login="staff@example.org", password=PASSWORD)
    expect(page.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    check_page(page)
    add_passkey(page)
    page.goto(f"{site.url}/admin/")
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    click_and_wait(page.get_by_role("button", name="Log out"))

    page.goto(f"{site.url}/admin/")
    submit(page, login="staff@example.org", password=PASSWORD)
    check_page(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def test_sign_in_with_a_provider(page: Page, site: Site, provider: str) -> None:
    """Signing in with a provider works under the CSP, whose form-action is 'self'."""
    click_and_wait(page.get_by_role("link", name="Our own"))
    check_page(page)
    with page.expect_request(lambda request: request.url.startswith(f"{provider}/authorize")):
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    click_and_wait(page.get_by_role("link", name="Account", exact=True))
    click_and_wait(page.get_by_role("link", name="Other ways to sign in"))
    check_page(page)


def test_provider_account_with_an_existing_email_address(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an account has the provider's email address, the user is asked to sign in and connect it."""
    claims = {"sub": "8", "email": "staff@example.org", "email_verified": True}
    monkeypatch.setattr(Provider, "claims", claims)
    click_and_wait(page.get_by_role("link", name="Our own"))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("already has an account here")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    check_page(page)


def test_too_many_wrong_codes(page: Page, site: Site) -> None:
    """After too many wrong codes the code is invalid, and the user can request another."""
    page.goto(f"{site.url}/account/signup/")
    submit(page, email="clumsy@example.org", password1=PASSWORD)
    first = wait_for_mailed_code(site, "clumsy@example.org")
    for code in ("WRONG", "WRONG", "WRONG", first):
        submit(page, code=code)
    problem = page.get_by_role("group", name="There is a problem")
    expect(problem).to_contain_text("Too many wrong codes")
    check_page(page)
    click_and_wait(page.get_by_role("button", name="Request new code"))
    check_page(page)
    wait_until(lambda: wait_for_mailed_code(site, "clumsy@example.org") != first)
    submit(page, code=wait_for_mailed_code(site, "clumsy@example.org"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_requests_for_codes_are_limited(page: Page, site: Site) -> None:
    """Requests for new codes are rate-limited."""
    page.goto(f"{site.url}/account/signup/")
    submit(page, email="impatient@example.org", password1=PASSWORD)
    for _ in range(5):
        click_and_wait(page.get_by_role("button", name="Request new code"))
    expect(page.get_by_role("heading", name="Too many")).to_be_visible()
    check_page(page)


def test_password_reset(page: Page, site: Site, visitors: Visitors) -> None:
    """A password is reset by the link in a mail, which is sent after the response."""
    page.goto(f"{site.url}/account/password/reset/")
    check_page(page)
    submit(page, email="forgetful@example.org")
    check_page(page)
    page.goto(visitors.wait_for_mailed_link("forgetful"))
    check_page(page)
    submit(page, password1=f"new {PASSWORD}", password2=f"new {PASSWORD}")
    check_page(page)
    page.goto(f"{site.url}/account/login/")
    submit(page, login="forgetful@example.org", password=f"new {PASSWORD}")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_account_pages(page: Page, site: Site) -> None:
    """Each account page has the site's layout, is accessible and respects the CSP."""
    page.goto(f"{site.url}/account/signup/")
    submit(page, email="other@example.org", password1=PASSWORD)
    submit(page, code=wait_for_mailed_code(site, "other@example.org"))
    page.goto(f"{site.url}/account/reauthenticate/")
    submit(page, password=PASSWORD)
    for path in ("", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "logout/"):
        page.goto(f"{site.url}/account/{path}")
        assert page.get_by_role("heading", level=1).count() == 1
        assert "security key" not in page.content().lower()
        check_page(page)
