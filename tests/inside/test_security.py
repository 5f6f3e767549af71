"""The site in a production configuration: headers, cookies, uploads, redirects and forged requests."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from apps.accounts import limits, mailing
from apps.accounts.tests.factories import PASSWORD, make_superuser, make_user
from django.conf import LazySettings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import TextInput
from django.forms.renderers import DjangoTemplates
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.safestring import mark_safe

from tests.inside import observatory
from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, HAS_CMS, SIGN_IN_URLS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production_settings")]

# The test client's response type has no public name.
type Response = Any
type Get = Callable[[Client], Response]

HOST = "www.site.test"
EMAIL = "ann@site.test"


class Browser(Client):
    """A client that uses HTTPS, gets error pages, and is subject to CSRF checks."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True, raise_request_exception=False, HTTP_HOST=HOST)

    def generic(self, *arguments: Any, **more: Any) -> Response:
        return super().generic(*arguments, **{**more, "secure": True})


@pytest.fixture
def client() -> Client:
    """Return such a client."""
    return Browser()


def post(client: Client, path: str, form: dict[str, Any], **headers: str) -> Response:
    """Request a page with a form for its CSRF token, and post the form."""
    client.get(reverse("password_reset"))
    token = client.cookies["__Host-csrftoken"].value
    headers = {"referer": f"https://{HOST}{path}", **headers}
    return client.post(path, {**form, "csrfmiddlewaretoken": token}, headers=headers)


def raise_error(*_: object, **__: object) -> Response:
    raise RuntimeError


# --- Headers and cookies ------------------------------------------------------------------


def get_home(client: Client) -> Response:
    return client.get("/")


def get_sign_in(client: Client) -> Response:
    return client.get(reverse("login"))


def get_reset(client: Client) -> Response:
    return client.get(reverse("password_reset"))


def get_sign_up(client: Client) -> Response:
    return client.get(reverse("account_signup"))


def get_admin_sign_in(client: Client) -> Response:
    return client.get(reverse("admin:login"))


def get_admin_signed_in(client: Client) -> Response:
    user = make_superuser(EMAIL)
    if HAS_ALLAUTH:
        from apps.authentication.tests.factories import current_code, make_totp

        secret = make_totp(user)
    post(client, reverse("login"), {ACCOUNT_FIELD: EMAIL, "password": PASSWORD})
    if HAS_ALLAUTH:
        post(client, reverse("mfa_authenticate"), {"code": current_code(secret)})
    return client.get(reverse("admin:index"))


def cause_400(client: Client) -> Response:
    return client.get("/", headers={"host": "evil.test"})


def cause_403(client: Client) -> Response:
    return client.post(reverse("login"))


def cause_404(client: Client) -> Response:
    return client.get("/no-such-page/")


def cause_413(client: Client) -> Response:
    return client.post("/", {"field": "x" * 11_000_000})


def cause_429(client: Client) -> Response:
    for _ in range(limits.LIMITS["reset"]["pair"].attempts):
        post(client, reverse("password_reset"), {"email": EMAIL})
    return post(client, reverse("password_reset"), {"email": EMAIL})


def cause_500(client: Client) -> Response:
    with pytest.MonkeyPatch.context() as patch:
        view = "wagtail.views.serve_chain" if HAS_CMS else "apps.core.views.HomeView.get"
        patch.setattr(view, raise_error)
        return client.get("/")


PAGES: dict[Get, int] = {
    get_home: 200,
    get_sign_in: 200,
    get_reset: 200,
    get_sign_up if HAS_ALLAUTH else get_admin_sign_in: 200,
    get_admin_signed_in: 200,
    cause_400: 400,
    cause_403: 403,
    cause_404: 404,
    cause_413: 413,
    cause_429: 429,
    cause_500: 500,
}


@pytest.mark.parametrize("get", PAGES, ids=lambda get: get.__name__)
def test_every_page_scores_an_a_plus(client: Client, get: Get) -> None:
    """Every page, error pages included, scores an A+ by the rules of Mozilla's HTTP Observatory."""
    page = get(client)
    assert page.status_code == PAGES[get]
    modifiers = observatory.compute_modifiers(page)
    assert observatory.compute_score(modifiers) >= 100
    assert min(modifiers.values()) == 0
    policy = observatory.parse_policy(page)
    assert "unsafe" not in str(policy)
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}


def test_score_is_computed_like_mozillas() -> None:
    """The tests compute the score as Mozilla's HTTP Observatory does."""
    bare = observatory.compute_modifiers(HttpResponse())
    # No CSP, no HSTS, no nosniff and no protection against framing.
    assert observatory.compute_score(bare) == 100 - 25 - 20 - 5 - 20
    unsafe = HttpResponse(
        '<script src="//cdn.test/x.js"></script>',
        headers={
            "Content-Security-Policy": "script-src 'self' 'unsafe-inline'",
            "Referrer-Policy": "unsafe-url",
            "Strict-Transport-Security": "max-age=60",
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
        },
    )
    unsafe.set_cookie("sessionid", "x")
    modifiers = observatory.compute_modifiers(unsafe)
    assert (modifiers["content-security-policy"], modifiers["cookies"]) == (-20, -40)
    assert (modifiers["strict-transport-security"], modifiers["subresource-integrity"]) == (-10, -50)
    assert observatory.compute_score(modifiers) == 0


def test_http_is_redirected_to_https_on_the_same_host(client: Client) -> None:
    """HTTP is redirected to HTTPS on the same host."""
    response = Client().get("/account/?x=1", headers={"host": HOST})
    assert (response.status_code, response["Location"]) == (301, f"https://{HOST}/account/?x=1")


def test_error_page_of_a_forged_host_has_the_csp(client: Client) -> None:
    """A forged host gets an error page with the Content Security Policy."""
    response = Client().get("/", headers={"host": "evil.test"})
    assert response.status_code == 400
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_cookies_are_secure(client: Client) -> None:
    """Cookies have the prefix `__Host-` and are Secure, HttpOnly and SameSite."""
    get_admin_signed_in(client)
    names = {"__Host-sessionid", "__Host-csrftoken", "__Host-device"}
    assert client.cookies.keys() == names
    for cookie in client.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_session_changes_at_sign_in_and_ends_at_sign_out(client: Client) -> None:
    """Signing in changes the session key, and signing out ends the session."""
    # A session key that an attacker may know.
    fixed_key = client.session.session_key
    assert client.cookies["__Host-sessionid"].value == fixed_key
    get_admin_signed_in(client)
    assert client.cookies["__Host-sessionid"].value != fixed_key
    post(client, reverse("logout"), {})
    assert client.get(reverse("accounts:profile")).status_code == 302


# --- Uploads ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {"field": "x" * 3_000_000},
        {f"field{n}": "x" for n in range(10_001 if HAS_CMS else 1_001)},
        {f"file{n}": SimpleUploadedFile("x", b"x") for n in range(101)},
    ],
    ids=["length", "fields", "files"],
)
def test_forms_are_limited(client: Client, form: dict[str, Any]) -> None:
    """A form with too much data, too many fields or too many files is rejected."""
    assert post(client, reverse("login"), form).status_code == 400


def test_request_bodies_are_limited(client: Client, production_settings: LazySettings) -> None:
    """A request body over the limit is rejected."""
    limit = production_settings.BODY_MAX_BYTES
    for size, is_rejected in ((limit, False), (limit + 1, True)):
        response = client.post("/", b"x" * size, content_type="application/octet-stream")
        assert (response.status_code == 413) is is_rejected


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [("/", HOST, 400), ("/no-such-page/", HOST, 400 if HAS_CMS else 404), ("/", "evil.test", 400)],
)
def test_malformed_form_is_a_client_error(client: Client, path: str, host: str, status: int) -> None:
    """A malformed form gets a 400 or a 404, never a 500."""
    get_sign_in(client)
    response = client.post(
        path,
        b"x" * 3000,
        content_type="multipart/form-data; boundary=x",
        headers={"host": host, "referer": f"https://{HOST}/"},
    )
    assert response.status_code == status


def test_long_body_is_not_read(client: Client) -> None:
    """A request body over the limit is rejected without being read."""
    unread = BytesIO(b"never")
    environ: dict[str, Any] = {"CONTENT_LENGTH": "99999999999", "wsgi.input": unread}
    assert client.get("/", **environ).status_code == 413
    assert unread.tell() == 0


def test_body_without_a_length_is_rejected(client: Client) -> None:
    """A request body without a Content-Length is rejected."""
    response = client.post("/", headers={"transfer-encoding": "chunked"})
    assert response.status_code == 411


# --- Redirects ----------------------------------------------------------------------------

OTHER_SITES = [
    "https://evil.test",
    "http://evil.test",
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "https:evil.test",
    "https:///evil.test",
    f"https://{HOST}@evil.test",
    f"https://{HOST}.evil.test",
    f"http://{HOST}/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.test",
    "\x08//evil.test",
    " //evil.test",
    "//evil.test\r\nX-Header: 1",
]


def is_same_site(location: str) -> bool:
    """Return whether a browser stays on this site; it reads a backslash as / and drops tabs and newlines."""
    location = location.strip().replace("\\", "/").translate({9: None, 10: None, 13: None})
    target = urlsplit(urljoin(f"https://{HOST}/", location))
    return (target.scheme, target.netloc) == ("https", HOST)


@pytest.mark.parametrize("url", OTHER_SITES)
@pytest.mark.parametrize("page", [*SIGN_IN_URLS, "logout"])
def test_next_redirects_only_within_the_site(client: Client, page: str, url: str) -> None:
    """The parameter `next` never redirects to another site."""
    user = make_superuser(EMAIL)
    form = {ACCOUNT_FIELD: EMAIL, "password": PASSWORD, "next": url}
    if page == "logout":
        client.force_login(user)
    response = post(client, reverse(page), form)
    # Without allauth, signing out shows its own page unless `next` is safe.
    assert response.status_code == (200 if page == "logout" and not HAS_ALLAUTH else 302)
    assert is_same_site(response.get("Location", "/")), response["Location"]


@pytest.mark.parametrize("path", ["//evil.test/account", "/\\evil.test/account", "//evil.test/admin"])
def test_append_slash_redirects_only_within_the_site(client: Client, path: str) -> None:
    """The redirect that adds a slash never leads to another site."""
    response = client.get(path)
    assert is_same_site(response.get("Location", "/"))


# --- Forged requests ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        f"{HOST}.evil.test",
        f"evil.test:{HOST}",
        f"{HOST}@evil.test",
        f"{HOST}/x",
        "",
        "[::1",
        "*",
    ],
)
def test_unknown_host_is_rejected(client: Client, host: str) -> None:
    """A host that is not in ALLOWED_HOSTS is rejected."""
    assert client.get("/", headers={"host": host}).status_code == 400


FORGED_HEADERS = {
    "x-forwarded-host": "evil.test",
    "x-host": "evil.test",
    "x-forwarded-server": "evil.test",
    "forwarded": "host=evil.test;proto=http",
    "x-original-url": "/admin/",
    "x-rewrite-url": "/admin/",
    "x-http-method-override": "DELETE",
}


def test_headers_do_not_change_the_request(client: Client) -> None:
    """Headers such as X-Original-URL do not change a request's host, path or method."""
    page = client.get(reverse("login"), headers=FORGED_HEADERS)
    assert page.status_code == 200
    assert page.request["PATH_INFO"] == reverse("login")
    assert "evil.test" not in page.content.decode()


def test_headers_do_not_change_links_in_mails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No header can change the host of a link in a mail."""
    make_user(EMAIL)
    monkeypatch.setattr(mailing, "send_later", lambda send: send())
    assert post(client, reverse("password_reset"), {"email": EMAIL}, **FORGED_HEADERS).status_code == 302
    [message] = mail.outbox
    assert f"https://{HOST}/" in str(message.body)
    assert "evil" not in str(message.body)


@pytest.mark.parametrize("trust", [False, True])
def test_forwarded_proto_needs_a_trusted_proxy(production_settings: LazySettings, trust: bool) -> None:
    """`X-Forwarded-Proto` is used only with a trusted proxy."""
    proxy = ("HTTP_X_FORWARDED_PROTO", "https") if trust else None
    production_settings.SECURE_PROXY_SSL_HEADER = proxy
    response = Client().get("/", headers={"host": HOST, "x-forwarded-proto": "https"})
    assert response.status_code == (200 if trust else 301)


def test_form_of_another_origin_is_rejected(client: Client) -> None:
    """A form from another origin, or without an origin or referrer, is rejected."""
    client.get(reverse("login"))
    token = client.cookies["__Host-csrftoken"].value
    form = {"csrfmiddlewaretoken": token}
    for headers in ({}, {"referer": "https://evil.test/"}, {"origin": "https://evil.test"}):
        assert client.post(reverse("login"), form, headers=headers).status_code == 403


@pytest.mark.parametrize("value", ['"><script>', "'&", 7, True, False, None])
def test_field_attributes_match_django(value: Any) -> None:
    """The attributes of a form field are escaped and rendered as by Django's own templates."""
    widget = TextInput({"data-a": value, "class": mark_safe("a&amp;b")})
    html = widget.render("name", "value")
    django_html = widget.render("name", "value", renderer=DjangoTemplates())
    assert " ".join(html.split()).replace(" >", ">") == " ".join(django_html.split()).replace(" >", ">")
