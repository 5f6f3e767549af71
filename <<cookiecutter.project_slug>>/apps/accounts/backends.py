from typing import Any

<% if cookiecutter.__with_allauth == "yes" %>
from allauth.account.auth_backends import AuthenticationBackend
<% else %>
from django.contrib.auth.backends import ModelBackend
<% endif %>
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from apps.accounts import limits
from apps.accounts.models import User


<% if cookiecutter.__with_allauth == "yes" %>
class LimitedBackend(AuthenticationBackend):
    """Django-allauth's sign-in by password, with limits; so all that asks for one shares them.
<% else %>
class LimitedBackend(ModelBackend):
    """Django's own sign-in by password, with limits; so the site's page and the admin's share them.
<% endif %>

    https://docs.djangoproject.com/en/6.1/topics/auth/customizing/#writing-an-authentication-backend
    """

    @sensitive_variables("password")
<% if cookiecutter.__with_allauth == "yes" %>
    def authenticate(
<% else %>
    def authenticate(  # type: ignore[override]
<% endif %>
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> User | None:
        """Return the user if the password is right, else None.

        Raises limits.TooManyAttemptsError, before any password is looked at. Without a request
        nothing is limited.
        """
        account = username or credentials.get(User.USERNAME_FIELD)
        if request is None or not account:
<% if cookiecutter.__with_allauth == "yes" %>
            return super().authenticate(request, username=username, **credentials)
<% else %>
            return super().authenticate(request, username, **credentials)
<% endif %>
        attempt = limits.Attempt("sign in", request, account)
<% if cookiecutter.__with_allauth == "yes" %>
        user = super().authenticate(request, username=username, **credentials)
<% else %>
        user = super().authenticate(request, username, **credentials)
<% endif %>
        if user:
            attempt.succeeded()
            # apps.accounts.middleware gives the browser its cookie.
            request.proven_account = account  # type: ignore[attr-defined]
        return user
