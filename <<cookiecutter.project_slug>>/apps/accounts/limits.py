"""Limits on attempts to sign in or to reset a password.

Attempts are counted in the database, so that all workers and containers share one count and no
further service has to run. Each attempt is counted by up to three counters:

- `pair`: this account from this IP address. It stops a guesser, and no one else.
- `address`: any account from this IP address. It stops attacks on many accounts.
- `account`: this account from any IP address. It stops attacks from many addresses.

By the last an attacker could lock out the owner, who therefore has a way round it. Signing in, or
setting a new password by the link in a mail, leaves a signed cookie in the browser. From there on
that browser has a separate counter, `device`, instead of the three, and no one else can use it up.
Where no such browser is at hand, the link in the mail makes one, and links that have been
sent work however many attempts follow.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import ipaddress
import secrets
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.accounts.models import AttemptCounter


class Limit(NamedTuple):
    """At most `attempts` within `period`, which begins with the first of them."""

    attempts: int
    period: timedelta


LIMITS = {
    # Attempts that succeed are taken back.
    "sign in": {
        "device": Limit(10, timedelta(minutes=15)),
        "pair": Limit(10, timedelta(minutes=15)),
        "address": Limit(100, timedelta(minutes=15)),
        "account": Limit(50, timedelta(hours=1)),
    },
    # Each may send an email to a user who did not ask for it.
    "reset": {
        "device": Limit(5, timedelta(hours=1)),
        "pair": Limit(5, timedelta(hours=1)),
        "address": Limit(20, timedelta(hours=1)),
        "account": Limit(10, timedelta(hours=1)),
    },
}
<% if cookiecutter.__with_allauth == "yes" %>
# Each of the first two sends a mail, too.
LIMITS["sign up"] = LIMITS["mail"] = LIMITS["reset"]
LIMITS["second factor"] = LIMITS["sign in"]
<% endif %>

DEVICE_AGE = timedelta(days=180)
# More than one attempt makes, so that the table stays small.
REMOVE_AT_ONCE = 100


class TooManyAttemptsError(Exception):
    """A limit is reached; apps.accounts.middleware answers 429."""

    def __init__(self, counter: str, seconds: int) -> None:
        """Take the name of the counter that is full, and when to try again."""
        super().__init__(f"{counter}: again in {seconds} s")
        self.seconds = seconds


class Counter(NamedTuple):
    """One of the counters of an attempt; `key` is its own without saying whose."""

    name: str
    key: str
    limit: Limit


class Attempt:
    """An attempt to sign in as `account`, or to reset its password, whether it exists or not."""

    def __init__(self, action: str, request: HttpRequest, account: str) -> None:
        """Count the attempt. Raises TooManyAttemptsError if a limit is reached."""
        account = account.strip().lower()
        address = client_address(request)
        known = device(request, account)
        whose = (
            {"device": known}
            if known
            else {"pair": f"{address} {account}", "address": address, "account": account}
        )
        self.counters = {
            name: Counter(
                f"{action}, {name}",
                salted_hmac(f"{action} {name}", who, algorithm="sha256").hexdigest(),
                LIMITS[action][name],
            )
            for name, who in whose.items()
        }
        # Attempts on one account must not use up a limit shared with others; attempts on
        # many accounts must not create counters without end.
        if not known:
            refuse_if_full(self.counters["pair"])
        for name in ("device",) if known else ("address", "pair", "account"):
            count(self.counters[name])

    def succeeded(self) -> None:
        """Forget the failures of this device or pair, and take this attempt back from the others.

        No more than that, or an attacker could sign in to their own account to continue with
        the accounts of others.
        """
        for name, counter in self.counters.items():
            found = AttemptCounter.objects.filter(key=counter.key, count__gt=0)
            found.update(count=0 if name in {"device", "pair"} else F("count") - 1)


def count(counter: Counter) -> None:
    """Count one more; raise TooManyAttemptsError if that would be more than the limit.

    One statement compares and adds, so attempts at the same moment cannot pass the limit: the
    database has each wait for the other.
    """
    now = timezone.now()
    expires = now + counter.limit.period
    row = AttemptCounter.objects.filter(key=counter.key)
    if not row.exists():
        remove_expired()
        new = AttemptCounter(key=counter.key, expires=expires)
        AttemptCounter.objects.bulk_create([new], ignore_conflicts=True)
    row.filter(expires__lte=now).update(count=0, expires=expires)
    if not row.filter(count__lt=counter.limit.attempts).update(count=F("count") + 1):
        refuse_if_full(counter)
        # Another process has just removed the row.
        raise TooManyAttemptsError(counter.name, 1)


def refuse_if_full(counter: Counter) -> None:
    """Raise TooManyAttemptsError if the limit is reached."""
    now = timezone.now()
    full = AttemptCounter.objects.filter(
        key=counter.key, count__gte=counter.limit.attempts, expires__gt=now
    )
    if found := full.first():
        raise TooManyAttemptsError(counter.name, int((found.expires - now).total_seconds()) + 1)


def remove_expired() -> None:
    """Delete counters whose time is over, many more at a time than are made."""
    expired = AttemptCounter.objects.filter(expires__lte=timezone.now()).order_by("expires")
    with transaction.atomic():
        # Processes that clear up at once pass over each other's rows instead of waiting.
        some = expired.select_for_update(skip_locked=True).values("key")[:REMOVE_AT_ONCE]
        AttemptCounter.objects.filter(key__in=some).delete()


# --- Who asks -----------------------------------------------------------------------------


def client_address(request: HttpRequest) -> str:
    """Return the IP address of the client, of IPv6 the network of one customer (/64).

    Behind a proxy that is the last one in X-Forwarded-For, which the proxy itself has added;
    a client can forge those before it, and without a proxy the whole header.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "")
        address = forwarded.rpartition(",")[2].strip() or address
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def device(request: HttpRequest, account: str) -> str:
    """Return the name of this browser, if its cookie says that it has known this account; else ""."""
    cookie = request.get_signed_cookie(
        settings.DEVICE_COOKIE_NAME, None, salt=device_salt(account), max_age=DEVICE_AGE
    )
    return cookie or ""


def remember_device(response: HttpResponse, account: str) -> None:
    """Give the browser a separate counter for this account."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        secrets.token_hex(16),
        salt=device_salt(account),
        max_age=DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def device_salt(account: str) -> str:
    """Return what makes the cookie of one account worthless for another."""
    return f"accounts.device {account.strip().lower()}"
