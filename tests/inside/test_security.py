"""The site as production is set up: headers, cookies, uploads, redirects and forged requests."""

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
from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, HAS_CMS, SIGN_IN_PAGES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production_settings")]

# The test client's own kind of response is not to be named.
type Response = Any
type Ask = Callable[[Client], Response]

HOST = "www.site.test"
EMAIL = "ann@site.test"


class Browser(Client):
    """A visitor over HTTPS, with error pages and CSRF checks."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True, raise_request_exception=False, HTTP_HOST=HOST)

    def generic(self, *arguments: Any, **more: Any) -> Response:
        return super().generic(*arguments, **{**more, "secure": True})


@pytest.fixture
def client() -> Client:
    """Return a visitor."""
    return Browser()


def post(client: Client, path: str, form: dict[str, Any], **headers: str) -> Response:
    """Open a page with a form for its token and send a form."""
    client.get(reverse("password_reset"))
    token = client.cookies["__Host-csrftoken"].value
    headers = {"referer": f"https://{HOST}{path}", **headers}
    return client.post(path, {**form, "csrfmiddlewaretoken": token}, headers=headers)


def broken(*_: object, **__: object) -> Response:
    raise RuntimeError


# --- Headers and cookies ------------------------------------------------------------------


def home(client: Client) -> Response:
    return client.get("/")


def sign_in_page(client: Client) -> Response:
    return client.get(reverse("login"))


def reset_page(client: Client) -> Response:
    return client.get(reverse("password_reset"))


def sign_up_page(client: Client) -> Response:
    return client.get(reverse("account_signup"))


def admin_sign_in_page(client: Client) -> Response:
    return client.get(reverse("admin:login"))


def signed_in(client: Client) -> Response:
    user = make_superuser(EMAIL)
    if HAS_ALLAUTH:
        from apps.authentication.tests.factories import current_code, make_totp

        secret = make_totp(user)
    post(client, reverse("login"), {ACCOUNT_FIELD: EMAIL, "password": PASSWORD})
    if HAS_ALLAUTH:
        post(client, reverse("mfa_authenticate"), {"code": current_code(secret)})
    return client.get(reverse("admin:index"))


def error_400(client: Client) -> Response:
    return client.get("/", headers={"host": "evil.test"})


def error_403(client: Client) -> Response:
    return client.post(reverse("login"))


def error_404(client: Client) -> Response:
    return client.get("/no-such-page/")


def error_413(client: Client) -> Response:
    return client.post("/", {"field": "x" * 11_000_000})


def error_429(client: Client) -> Response:
    for _ in range(limits.LIMITS["reset"]["pair"].attempts):
        post(client, reverse("password_reset"), {"email": EMAIL})
    return post(client, reverse("password_reset"), {"email": EMAIL})


def error_500(client: Client) -> Response:
    with pytest.MonkeyPatch.context() as patch:
        view = "wagtail.views.serve_chain" if HAS_CMS else "apps.core.views.HomeView.get"
        patch.setattr(view, broken)
        return client.get("/")


PAGES: dict[Ask, int] = {
    home: 200,
    sign_in_page: 200,
    reset_page: 200,
    sign_up_page if HAS_ALLAUTH else admin_sign_in_page: 200,
    signed_in: 200,
    error_400: 400,
    error_403: 403,
    error_404: 404,
    error_413: 413,
    error_429: 429,
    error_500: 500,
}


@pytest.mark.parametrize("ask", PAGES, ids=lambda ask: ask.__name__)
def test_every_page_scores_an_a_plus(client: Client, ask: Ask) -> None:
    """Every kind of page, errors included, scores an A+ by Mozilla's rules."""
    page = ask(client)
    assert page.status_code == PAGES[ask]
    found = observatory.modifiers(page)
    assert observatory.score(found) >= 100
    assert min(found.values()) == 0
    policy = observatory.content_security_policy(page)
    assert "unsafe" not in str(policy)
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}


def test_the_score_is_mozillas() -> None:
    """The score is computed as Mozilla's Observatory does."""
    nothing = observatory.modifiers(HttpResponse())
    # No policy, no HSTS, no nosniff and nothing against frames.
    assert observatory.score(nothing) == 100 - 25 - 20 - 5 - 20
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
    found = observatory.modifiers(unsafe)
    assert (found["content-security-policy"], found["cookies"]) == (-20, -40)
    assert (found["strict-transport-security"], found["subresource-integrity"]) == (-10, -50)
    assert observatory.score(found) == 0


def test_http_is_redirected_to_https_on_the_same_host(client: Client) -> None:
    """HTTP is redirected to HTTPS on the same host."""
    response = Client().get("/account/?x=1", headers={"host": HOST})
    assert (response.status_code, response["Location"]) == (301, f"https://{HOST}/account/?x=1")


def test_a_forged_host_over_http_gets_an_error_page_with_the_csp(client: Client) -> None:
    """A forged host gets an error page, with the Content Security Policy."""
    response = Client().get("/", headers={"host": "evil.test"})
    assert response.status_code == 400
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_cookies_are_secure(client: Client) -> None:
    """Cookies are `__Host-`, secure, HttpOnly and SameSite."""
    signed_in(client)
    names = {"__Host-sessionid", "__Host-csrftoken", "__Host-device"}
    assert client.cookies.keys() == names
    for cookie in client.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_a_new_session_at_sign_in_and_none_after_sign_out(client: Client) -> None:
    """Signing in changes the session's key; signing out ends the session."""
    # One that another person may know.
    planted = client.session.session_key
    assert client.cookies["__Host-sessionid"].value == planted
    signed_in(client)
    assert client.cookies["__Host-sessionid"].value != planted
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
def test_forms_have_a_limit(client: Client, form: dict[str, Any]) -> None:
    """A form with too much data, too many fields or too many files is refused."""
    assert post(client, reverse("login"), form).status_code == 400


def test_uploads_have_a_limit(client: Client, production_settings: LazySettings) -> None:
    """An upload over the limit is refused."""
    limit = production_settings.BODY_MAX_BYTES
    for length, refused in ((limit, False), (limit + 1, True)):
        response = client.post("/", b"x" * length, content_type="application/octet-stream")
        assert (response.status_code == 413) is refused


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [("/", HOST, 400), ("/no-such-page/", HOST, 400 if HAS_CMS else 404), ("/", "evil.test", 400)],
)
def test_a_malformed_form_is_a_client_error(client: Client, path: str, host: str, status: int) -> None:
    """A malformed form gets a 400 or 404, never a 500."""
    sign_in_page(client)
    response = client.post(
        path,
        b"x" * 3000,
        content_type="multipart/form-data; boundary=x",
        headers={"host": host, "referer": f"https://{HOST}/"},
    )
    assert response.status_code == status


def test_a_long_body_is_not_read(client: Client) -> None:
    """A body that is too long is not read."""
    unread = BytesIO(b"never")
    environ: dict[str, Any] = {"CONTENT_LENGTH": "99999999999", "wsgi.input": unread}
    assert client.get("/", **environ).status_code == 413
    assert unread.tell() == 0


def test_a_body_without_a_length_is_refused(client: Client) -> None:
    """A body of unknown length is refused."""
    response = client.post("/", headers={"transfer-encoding": "chunked"})
    assert response.status_code == 411


# --- Redirects ----------------------------------------------------------------------------

ELSEWHERE = [
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


def is_within_the_site(location: str) -> bool:
    """Return whether a browser stays on this site; it reads a backslash as / and drops tabs and line ends."""
    location = location.strip().replace("\\", "/").translate({9: None, 10: None, 13: None})
    target = urlsplit(urljoin(f"https://{HOST}/", location))
    return (target.scheme, target.netloc) == ("https", HOST)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("page", [*SIGN_IN_PAGES, "logout"])
def test_next_redirects_only_within_the_site(client: Client, page: str, elsewhere: str) -> None:
    """`next` never leads to another site."""
    user = make_superuser(EMAIL)
    form = {ACCOUNT_FIELD: EMAIL, "password": PASSWORD, "next": elsewhere}
    if page == "logout":
        client.force_login(user)
    response = post(client, reverse(page), form)
    # Without allauth, signing out ends on a page of its own, unless `next` is good.
    assert response.status_code == (200 if page == "logout" and not HAS_ALLAUTH else 302)
    assert is_within_the_site(response.get("Location", "/")), response["Location"]


@pytest.mark.parametrize("path", ["//evil.test/account", "/\\evil.test/account", "//evil.test/admin"])
def test_an_added_slash_redirects_only_within_the_site(client: Client, path: str) -> None:
    """The redirect that adds a slash never leads to another site."""
    response = client.get(path)
    assert is_within_the_site(response.get("Location", "/"))


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
def test_another_host_is_refused(client: Client, host: str) -> None:
    """A host that is not allowed is refused."""
    assert client.get("/", headers={"host": host}).status_code == 400


FORGED = {
    "x-forwarded-host": "evil.test",
    "x-host": "evil.test",
    "x-forwarded-server": "evil.test",
    "forwarded": "host=evil.test;proto=http",
    "x-original-url": "/admin/",
    "x-rewrite-url": "/admin/",
    "x-http-method-override": "DELETE",
}


def test_other_headers_change_neither_host_nor_path_nor_method(client: Client) -> None:
    """Headers of proxies change neither host nor path nor method."""
    page = client.get(reverse("login"), headers=FORGED)
    assert page.status_code == 200
    assert page.request["PATH_INFO"] == reverse("login")
    assert "evil.test" not in page.content.decode()


def test_no_header_puts_another_host_into_a_mail(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No header puts another host into a mail."""
    make_user(EMAIL)
    monkeypatch.setattr(mailing, "send_later", lambda send: send())
    assert post(client, reverse("password_reset"), {"email": EMAIL}, **FORGED).status_code == 302
    [message] = mail.outbox
    assert f"https://{HOST}/" in str(message.body)
    assert "evil" not in str(message.body)


@pytest.mark.parametrize("trust", [False, True])
def test_forwarded_proto_counts_only_from_a_trusted_proxy(
    production_settings: LazySettings, trust: bool
) -> None:
    """`X-Forwarded-Proto` counts only from a trusted proxy."""
    proxy = ("HTTP_X_FORWARDED_PROTO", "https") if trust else None
    production_settings.SECURE_PROXY_SSL_HEADER = proxy
    response = Client().get("/", headers={"host": HOST, "x-forwarded-proto": "https"})
    assert response.status_code == (200 if trust else 301)


def test_the_origin_of_a_form_is_checked(client: Client) -> None:
    """A form from another origin, or without one, is refused."""
    client.get(reverse("login"))
    token = client.cookies["__Host-csrftoken"].value
    form = {"csrfmiddlewaretoken": token}
    for headers in ({}, {"referer": "https://evil.test/"}, {"origin": "https://evil.test"}):
        assert client.post(reverse("login"), form, headers=headers).status_code == 403


@pytest.mark.parametrize("value", ['"><script>', "'&", 7, True, False, None])
def test_attributes_of_a_field_match_djangos(value: Any) -> None:
    """The attributes of a form's field are escaped and written as Django's own template does."""
    widget = TextInput({"data-a": value, "class": mark_safe("a&amp;b")})
    html = widget.render("name", "value")
    own = widget.render("name", "value", renderer=DjangoTemplates())
    assert " ".join(html.split()).replace(" >", ">") == " ".join(own.split()).replace(" >", ">")
