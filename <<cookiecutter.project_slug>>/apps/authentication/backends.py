from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from apps.accounts import limits
from apps.accounts.models import User


class LimitedBackend(AuthenticationBackend):
    """Django-allauth's password authentication with rate limits, shared by all forms.

    https://docs.djangoproject.com/en/6.1/topics/auth/customizing/#writing-an-authentication-backend
    """

    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> User | None:
        """Return the user if the password is right, else None.

        Raises limits.TooManyAttemptsError before the password is checked. Without a request,
        there is no limit.
        """
        account = username or credentials.get(User.USERNAME_FIELD)
        if request is None or not account:
            return super().authenticate(request, username=username, **credentials)
        attempt = limits.Attempt("sign in", request, account)
        user = super().authenticate(request, username=username, **credentials)
        if user:
            attempt.record_success()
            # apps.accounts.middleware sets the browser's cookie.
            request.proven_account = account  # type: ignore[attr-defined]
        return user
