"""Rate limits for signing in and password resets."""

from datetime import timedelta
from typing import Any

import pytest
from apps.accounts import limits
from apps.accounts.limits import LIMITS, Attempt, TooManyAttemptsError, get_client_ip
from apps.accounts.models import AttemptCounter, User
from apps.accounts.tests.factories import PASSWORD
from django.conf import LazySettings
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from tests.inside.conftest import ACCOUNT_FIELD, HAS_ALLAUTH, NEW_PASSWORD_FIELD, SIGN_IN_URLS

SIGN_IN, RESET = LIMITS["sign in"], LIMITS["reset"]
PAIR = SIGN_IN["pair"].attempts
WRONG = "wrong"


def sign_in(
    client: Client,
    email: str = "ann@example.org",
    password: str = WRONG,
    address: str = "192.0.2.1",
    page: str = "login",
) -> Any:
    """Try to sign in from an IP address."""
    form = {ACCOUNT_FIELD: email, "password": password}
    return client.post(reverse(page), form, REMOTE_ADDR=address)


def count_attempt(action: str = "sign in", account: str = "ann@example.org", n: int = 1) -> Attempt:
    """Count an attempt from the nth IP address."""
    address = f"198.51.{n // 250}.{n % 250 + 1}"
    return Attempt(action, RequestFactory(REMOTE_ADDR=address).get("/"), account)


@pytest.mark.parametrize("page", SIGN_IN_URLS)
def test_too_many_wrong_passwords(client: Client, user: User, page: str) -> None:
    """After too many wrong passwords even the right one gets a 429 with `Retry-After`."""
    for _ in range(PAIR):
        assert sign_in(client, page=page).status_code == 200
    response = sign_in(client, password=PASSWORD, page=page)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= SIGN_IN["pair"].period.total_seconds()
    assert b"<h1>" in response.content
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["ANN@example.org", " ann@example.org "])
def test_another_spelling_does_not_evade_the_limit(client: Client, email: str) -> None:
    """Uppercase letters and spaces in the email address do not evade the limit."""
    for _ in range(PAIR):
        sign_in(client)
    assert sign_in(client, email).status_code == 429


@pytest.mark.skipif(HAS_ALLAUTH, reason="the admin has no sign-in page of its own")
def test_site_and_admin_share_a_counter(client: Client, user: User) -> None:
    """The sign-in pages of the site and the admin share a counter."""
    for _ in range(PAIR):
        sign_in(client)
    assert sign_in(client, page="admin:login").status_code == 429


def test_other_accounts_and_ip_addresses_are_not_limited(client: Client, user: User) -> None:
    """A limit does not affect other accounts and other IP addresses."""
    for _ in range(PAIR + 1):
        sign_in(client)
    assert sign_in(client, address="192.0.2.2", password=PASSWORD).status_code == 302
    assert sign_in(Client(), "ben@example.org").status_code == 200


def test_signing_in_resets_the_counter_of_the_account(client: Client, user: User) -> None:
    """Signing in resets the counter of the account on this IP address, but not the IP address's own."""
    for _ in range(3):
        for _ in range(PAIR - 1):
            assert sign_in(Client()).status_code == 200
        assert sign_in(Client(), password=PASSWORD).status_code == 302
    # Failed attempts count against the IP address even if the user then signs in; the sign-in does not.
    failures = 3 * (PAIR - 1)
    assert sorted(AttemptCounter.objects.values_list("count", flat=True)) == [0, failures, failures]


@pytest.mark.django_db
def test_limit_expires(client: Client) -> None:
    """A limit expires after its period."""
    for _ in range(PAIR):
        sign_in(client)
    assert sign_in(client).status_code == 429
    AttemptCounter.objects.update(expires=timezone.now())
    assert sign_in(client).status_code == 200


def test_attempts_are_limited_per_ip_address(client: Client, user: User) -> None:
    """Attempts are limited per IP address, across accounts."""
    for n in range(SIGN_IN["address"].attempts):
        count_attempt(account=f"{n}@example.org")
    before = AttemptCounter.objects.count()
    with pytest.raises(TooManyAttemptsError):
        count_attempt(account="another@example.org")
    assert AttemptCounter.objects.count() == before
    count_attempt(account="another@example.org", n=2)


@pytest.mark.django_db
def test_signing_in_does_not_reset_the_counter_of_the_ip_address() -> None:
    """An attacker's own account does not reset the counter of the IP address."""
    for n in range(SIGN_IN["address"].attempts):
        count_attempt(account=f"{n}@example.org")
        if n % 10 == 0 and n < 90:
            count_attempt(account="attacker@example.org").record_success()
    with pytest.raises(TooManyAttemptsError):
        count_attempt(account="another@example.org")


def test_attempts_are_limited_per_account_except_for_known_browsers(user: User) -> None:
    """Attempts are limited per account, across IP addresses; a known browser has a limit of its own."""
    owner = Client()
    assert sign_in(owner, password=PASSWORD).status_code == 302
    owner.post(reverse("logout"))
    for n in range(SIGN_IN["account"].attempts):
        count_attempt(n=n)
    assert sign_in(Client(), password=PASSWORD).status_code == 429
    # A known browser is recognized from any IP address.
    assert sign_in(owner, password=PASSWORD, address="192.0.2.9").status_code == 302
    # It has a limit, too.
    owner.post(reverse("logout"))
    for _ in range(SIGN_IN["device"].attempts):
        assert sign_in(owner).status_code == 200
    assert sign_in(owner, password=PASSWORD).status_code == 429


def test_password_reset_works_despite_the_limit(client: Client, user: User) -> None:
    """While an account is limited, its owner can reset the password by mail and sign in."""
    client.post(reverse("password_reset"), {"email": user.email})
    link = next(word for word in str(mail.outbox[0].body).split() if "/reset/" in word)
    for n in range(SIGN_IN["account"].attempts):
        count_attempt(n=n)
    page = client.get(link, follow=True)
    new = "another correct horse battery staple"
    form = {f"{NEW_PASSWORD_FIELD}{n}": new for n in (1, 2)}
    client.post(page.request["PATH_INFO"], form)
    assert sign_in(client, password=new).status_code == 302


def test_cookie_of_a_known_browser_is_valid_for_one_account(
    client: Client, user: User, settings: LazySettings
) -> None:
    """The cookie of a known browser is signed, and valid for one account."""
    sign_in(client, password=PASSWORD)
    cookie = client.cookies[settings.DEVICE_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    request = RequestFactory().get("/")
    request.COOKIES[settings.DEVICE_COOKIE_NAME] = cookie.value
    assert limits.read_device(request, "Ann@example.org")
    assert not limits.read_device(request, "ben@example.org")
    request.COOKIES[settings.DEVICE_COOKIE_NAME] = "x" + cookie.value
    assert not limits.read_device(request, user.email)


def test_password_resets_are_limited(client: Client, user: User) -> None:
    """Too many password resets get a 429, and no further mail is sent."""
    url = reverse("password_reset")
    for _ in range(RESET["pair"].attempts):
        assert client.post(url, {"email": user.email}).status_code == 302
    response = client.post(url, {"email": user.email})
    assert response.status_code == 429
    assert len(mail.outbox) == RESET["pair"].attempts


@pytest.mark.django_db
def test_password_resets_are_limited_without_an_account(client: Client) -> None:
    """Password resets are limited in the same way for an email address without an account."""
    statuses = [
        client.post(reverse("password_reset"), {"email": "unknown@example.org"}).status_code
        for _ in range(RESET["pair"].attempts + 1)
    ]
    assert set(statuses[:-1]) == {302}
    assert statuses[-1] == 429


@pytest.mark.django_db
def test_password_resets_are_limited_per_account_and_ip_address() -> None:
    """Password resets are limited per account and per IP address."""
    for n in range(RESET["account"].attempts):
        count_attempt("reset", n=n)
    with pytest.raises(TooManyAttemptsError):
        count_attempt("reset", n=100)
    for n in range(RESET["address"].attempts):
        count_attempt("reset", f"{n}@example.org", n=200)
    with pytest.raises(TooManyAttemptsError):
        count_attempt("reset", "another@example.org", n=200)


@pytest.mark.django_db
def test_expired_counters_are_deleted() -> None:
    """Expired counters of attempts are deleted."""
    old = timezone.now() - timedelta(days=1)
    AttemptCounter.objects.bulk_create(
        AttemptCounter(key=str(n), expires=old) for n in range(limits.REMOVE_BATCH_SIZE + 1)
    )
    count_attempt()
    assert AttemptCounter.objects.filter(expires__lte=timezone.now()).count() == 0
    assert AttemptCounter.objects.count() == 3


@pytest.mark.django_db
def test_counters_contain_no_personal_data() -> None:
    """The table of counters contains only keyed hashes."""
    count_attempt()
    for key in AttemptCounter.objects.values_list("key", flat=True):
        assert len(key) == 64
        assert int(key, 16)


@pytest.mark.parametrize(
    ("trust", "forwarded", "address"),
    [
        (False, "198.51.100.1", "192.0.2.1"),
        (True, "", "192.0.2.1"),
        (True, "198.51.100.1", "198.51.100.1"),
        # The client's own part comes first.
        (True, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (True, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (True, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_client_address(settings: LazySettings, trust: bool, forwarded: str, address: str) -> None:
    """`X-Forwarded-For` is used only with `TRUST_PROXY`; an IPv6 address is reduced to its /64 network."""
    settings.TRUST_PROXY = trust
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory(REMOTE_ADDR="192.0.2.1", headers=headers).get("/")
    assert get_client_ip(request) == address
