"""Rate limits of the API.

The counters are those of apps.accounts.limits, in the database, so that all workers and containers
share them. Another token does not help: the limit is per user. A request without a token or a
session is rejected without a database query, so it is not counted.
"""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from apps.accounts.limits import Counter, Limit, count_attempt, get_client_ip
from apps.accounts.models import User

LIMITS = {
    "user": Limit(600, timedelta(minutes=1)),
    # Tokens that do not exist.
    "address": Limit(60, timedelta(minutes=1)),
}


def count_request(request: HttpRequest, user: User | AnonymousUser | None) -> None:
    """Count a request for this user, or for its IP address if it has no user.

    Raises TooManyAttemptsError if a limit is reached, which apps.accounts.middleware handles.
    """
    if user and user.is_authenticated:
        name, subject = "user", str(user.pk)
    else:
        name, subject = "address", get_client_ip(request)
    key = salted_hmac(f"api {name}", subject, algorithm="sha256").hexdigest()
    count_attempt(Counter(f"api, {name}", key, LIMITS[name]))
