"""Rate limits of the API.

The counters are those of apps.accounts.limits, in the database, so that all workers and containers
share them. One more token is no way round: the limit is the person's. A request without token and
session is refused before anything is looked up, so nothing counts it.
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
    """Count a request of this user, or of its IP address if it has no user.

    Raises TooManyAttemptsError if a limit is reached, which apps.accounts.middleware answers.
    """
    if user and user.is_authenticated:
        name, whose = "user", str(user.pk)
    else:
        name, whose = "address", get_client_ip(request)
    key = salted_hmac(f"api {name}", whose, algorithm="sha256").hexdigest()
    count_attempt(Counter(f"api, {name}", key, LIMITS[name]))
