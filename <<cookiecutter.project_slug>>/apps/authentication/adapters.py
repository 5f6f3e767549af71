"""Changes to django-allauth's behavior.

https://docs.allauth.org/en/latest/account/adapter.html
"""

from functools import partial
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import limits, mailing
from apps.accounts.models import User
from apps.authentication.templatetags.passkeys import say_passkey

# In the session: the hash of the password of a repeated sign-up.
SIGN_UP = "authentication_sign_up"


class AccountAdapter(DefaultAccountAdapter):
    # Django-allauth uses this message only for wrong codes; apps.accounts.limits counts sign-ins.
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": gettext_lazy(
            "Too many wrong codes: that code no longer works. Request a new one."
        )
    }

    def pre_login(self, request: HttpRequest, user: User, **options: Any) -> Any:
        """Forget an unfinished sign-up."""
        request.session.pop(SIGN_UP, None)
        return super().pre_login(request, user, **options)

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in with the password of this sign-up: an earlier sign-up may have been a stranger's."""
        if password := request.session.pop(SIGN_UP, ""):
            user.password = password
            user.save(update_fields=["password"])
        super().login(request, user)

    def new_user(self, request: HttpRequest) -> User:
        """Return a new user, whose email address is not verified yet."""
        user = User()
        user.is_signing_up = True  # type: ignore[attr-defined]
        return user

    def is_safe_url(self, url: str) -> bool:
        """Return whether a URL stays on this host, and on HTTPS."""
        host, is_secure = self.request.get_host(), self.request.is_secure()
        return url_has_allowed_host_and_scheme(url, {host}, require_https=is_secure)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the IP address for mails about changes: behind a proxy, the client's."""
        return limits.get_client_ip(request)

    def format_email_subject(self, subject: str) -> str:
        """Return the subject of a mail with the site's name."""
        return f"[{settings.SITE_NAME}] {say_passkey(subject)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render and send a mail in the background.

        Codes and links are never stored in the database, as those in a worker's task would be.
        """
        if template_prefix == "account/email/login_code":
            limits.Attempt("mail", self.request, email)
        mailing.send_later(partial(self._send_mail, template_prefix, email, context))

    def _send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = {"name": settings.SITE_NAME, "domain": self.request.get_host()}
        context = {"request": self.request, "email": email, **context, "current_site": site}
        message = self.render_mail(template_prefix, email, context)
        message.body = say_passkey(message.body)
        message.send()

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: Any, signup: bool
    ) -> None:
        """Send the code that verifies an email address, with a limit on unrequested mail."""
        limits.Attempt("mail", request, emailconfirmation.email_address.email)
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Send an existing user an email instead of the code; it counts as one."""
        limits.Attempt("mail", self.request, email)
        super().send_account_already_exists_mail(email)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Ask a user who already has an account to sign in to it first, then to connect the other one.

        The other site must have verified the email address; otherwise, this would reveal accounts.
        """
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        verified = [each.email.lower() for each in sociallogin.email_addresses if each.verified]
        if User.objects.filter(email__in=verified).exists():
            text = _(
                "This email address already has an account here. Sign in as before, then connect"
                " the other account at “Other ways to sign in”."
            )
            messages.info(request, text)
            raise ImmediateHttpResponse(redirect("login"))
