"""The profile's form, and django-allauth's with this site's limits.

https://docs.allauth.org/en/latest/account/forms.html
"""

from functools import partial
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import EmailAddress, Login
from allauth.core import context
from allauth.mfa.base import forms as mfa_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts import limits, mailing
from apps.accounts.models import User
from apps.authentication.adapters import SIGN_UP


class ProfileForm(forms.ModelForm):
    """The fields of a user's own profile; the email address has a separate page."""

    class Meta:
        model = User
        fields = ["name"]
        # Lets browsers fill in the field: https://www.w3.org/TR/WCAG22/#identify-input-purpose
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class SignupForm(account_forms.SignupForm):
    """Responds the same, and takes as long, whether there is an account with the email address or not."""

    def clean_email(self) -> str:
        """Count the attempt before the email address is looked up."""
        limits.Attempt("sign up", context.request, self.cleaned_data["email"])
        return super().clean_email()

    def try_save(self, request: HttpRequest) -> Any:
        """Send a new code to an unverified user, instead of the mail about an existing account.

        The password is hashed even if no account is created, since that takes most of the time.
        """
        if not self.account_already_exists:
            return super().try_save(request)
        email = self.cleaned_data["email"]
        password = make_password(self.cleaned_data["password1"])
        unverified = EmailAddress.objects.filter(
            email=email, verified=False, user__is_active=True, user__last_login=None
        ).first()
        if not unverified:
            return super().try_save(request)
        login = Login(user=unverified.user, email=email, signup=True)
        response = perform_login(request, login)
        request.session[SIGN_UP] = password
        return None, response


class ResetPasswordForm(account_forms.ResetPasswordForm):
    """Does everything that depends on the account in the background."""

    def clean_email(self) -> str:
        """Count the attempt, without looking the user up."""
        email = self.cleaned_data["email"].lower()
        limits.Attempt("reset", context.request, email)
        return email

    def save(self, request: HttpRequest, **options: Any) -> str:
        """Send the link in the background."""
        mailing.send_later(partial(self._send, request, options))
        return self.cleaned_data["email"]

    def _send(self, request: HttpRequest, options: dict[str, Any]) -> None:
        super().clean_email()
        super().save(request, **options)


class LimitedCode:
    """Counts wrong codes in the database, which all processes share.

    Device cookies do not apply here: an attacker with the password could get a new one each time.
    """

    user: Any
    fields: dict[str, forms.Field]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"].help_text = _("From your app, or one of your recovery codes.")

    def clean_code(self) -> str:
        """Return the code if it is right."""
        attempt = limits.Attempt("second factor", context.request, f"second factor {self.user.pk}")
        code = super().clean_code()  # type: ignore[misc]
        attempt.record_success()
        return code


class AuthenticateForm(LimitedCode, mfa_forms.AuthenticateForm):
    """The second factor at sign-in."""


class ReauthenticateForm(LimitedCode, mfa_forms.ReauthenticateForm):
    """The second factor before an action that requires it again."""
