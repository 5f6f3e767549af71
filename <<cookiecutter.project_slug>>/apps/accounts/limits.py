"""Limits on attempts to sign in or to reset a password.

Attempts are counted in the database, so that all workers and containers share the counters without
another service. Each attempt is counted by up to three counters:

- `pair`: this account from this IP address. It stops password guessing without affecting others.
- `address`: any account from this IP address. It stops attacks on many accounts.
- `account`: this account from any IP address. It stops attacks from many IP addresses.

With the last one, an attacker could lock out the account's owner, so there is a device cookie: a
signed cookie, set in the browser after signing in or setting a new password with an emailed link.
From then on, that browser has a separate counter, `device`, instead of the three, which no one
else can exhaust. In a new browser, a password reset sets the cookie, and links that have already
been sent keep working however many attempts follow.
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
    """At most `attempts` within `period`, which begins with the first attempt."""

    attempts: int
    period: timedelta


LIMITS = {
    # Successful attempts are subtracted again.
    "sign in": {
        "device": Limit(10, timedelta(minutes=15)),
        "pair": Limit(10, timedelta(minutes=15)),
        "address": Limit(100, timedelta(minutes=15)),
        "account": Limit(50, timedelta(hours=1)),
    },
    # Each attempt may send an email to a user who did not request it.
    "reset": {
        "device": Limit(5, timedelta(hours=1)),
        "pair": Limit(5, timedelta(hours=1)),
        "address": Limit(20, timedelta(hours=1)),
        "account": Limit(10, timedelta(hours=1)),
    },
}
<% if cookiecutter.__with_allauth == "yes" %>
# The first two also send an email for each attempt.
LIMITS["sign up"] = LIMITS["mail"] = LIMITS["reset"]
LIMITS["second factor"] = LIMITS["sign in"]
<% endif %>

DEVICE_AGE = timedelta(days=180)
# More than the counters that one attempt creates, so that the table stays small.
REMOVE_BATCH_SIZE = 100


class TooManyAttemptsError(Exception):
    """A limit is reached; apps.accounts.middleware returns 429."""

    def __init__(self, counter: str, seconds: int) -> None:
        """Store the seconds until the next attempt is allowed."""
        super().__init__(f"{counter}: again in {seconds} s")
        self.seconds = seconds


class Counter(NamedTuple):
    """A counter of attempts; `key` identifies it without revealing the account or IP address."""

    name: str
    key: str
    limit: Limit


class Attempt:
    """An attempt to sign in as `account`, or to reset its password, whether it exists or not."""

    def __init__(self, action: str, request: HttpRequest, account: str) -> None:
        """Count the attempt; raise TooManyAttemptsError if a limit is reached."""
        account = account.strip().lower()
        ip = get_client_ip(request)
        device = read_device(request, account)
        subjects = (
            {"device": device}
            if device
            else {"pair": f"{ip} {account}", "address": ip, "account": account}
        )
        self.counters = {
            name: Counter(
                f"{action}, {name}",
                salted_hmac(f"{action} {name}", subject, algorithm="sha256").hexdigest(),
                LIMITS[action][name],
            )
            for name, subject in subjects.items()
        }
        # Attempts on one account must not use up a limit shared with others; attempts on
        # many accounts must not create counters without end.
        if not device:
            refuse_if_full(self.counters["pair"])
        for name in ("device",) if device else ("address", "pair", "account"):
            count_attempt(self.counters[name])

    def record_success(self) -> None:
        """Reset the counter of this device or pair, and subtract this attempt from the others.

        The others are not reset: an attacker could sign in to their own account to continue with
        the accounts of others.
        """
        for name, counter in self.counters.items():
            row = AttemptCounter.objects.filter(key=counter.key, count__gt=0)
            row.update(count=0 if name in {"device", "pair"} else F("count") - 1)


def count_attempt(counter: Counter) -> None:
    """Count an attempt; raise TooManyAttemptsError if it would exceed the limit.

    One statement compares and adds, so simultaneous attempts cannot exceed the limit: the
    database runs them one after the other.
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
    if row := full.first():
        raise TooManyAttemptsError(counter.name, int((row.expires - now).total_seconds()) + 1)


def remove_expired() -> None:
    """Delete expired counters, more at a time than an attempt creates."""
    expired = AttemptCounter.objects.filter(expires__lte=timezone.now()).order_by("expires")
    with transaction.atomic():
        # Concurrent processes skip each other's rows instead of waiting.
        batch = expired.select_for_update(skip_locked=True).values("key")[:REMOVE_BATCH_SIZE]
        AttemptCounter.objects.filter(key__in=batch).delete()


# --- The client ---------------------------------------------------------------------------


def get_client_ip(request: HttpRequest) -> str:
    """Return the client's IP address; for IPv6, the network of one customer (/64).

    Behind a proxy, it is the last one in X-Forwarded-For, which the proxy itself has added;
    clients can forge those before it, and without a proxy the whole header.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "")
        text = forwarded.rpartition(",")[2].strip() or text
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def read_device(request: HttpRequest, account: str) -> str:
    """Return the ID in the browser's device cookie if it is valid for this account, else ""."""
    cookie = request.get_signed_cookie(
        settings.DEVICE_COOKIE_NAME, None, salt=get_device_salt(account), max_age=DEVICE_AGE
    )
    return cookie or ""


def remember_device(response: HttpResponse, account: str) -> None:
    """Set the browser's device cookie for this account."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        secrets.token_hex(16),
        salt=get_device_salt(account),
        max_age=DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def get_device_salt(account: str) -> str:
    """Return the salt that makes a cookie valid only for this account."""
    return f"accounts.device {account.strip().lower()}"
