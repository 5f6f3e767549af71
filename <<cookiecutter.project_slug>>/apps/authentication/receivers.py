"""Signal receivers for new users, new factors and password resets."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.models import User


@receiver(post_save, sender=User)
def verify_email_of_new_user(instance: User, created: bool, raw: bool, **_: Any) -> None:
    """Mark the email address of a user as verified if staff or a command has created them."""
    if created and not raw and not getattr(instance, "is_signing_up", False):
        mark_email_verified(instance)


def mark_email_verified(user: User) -> None:
    """Make the user's email address their only one, and mark it as verified."""
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)


@receiver(authenticator_added)
def record_new_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    """Count a factor as used when it has just been set up, after the password."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


@receiver(password_reset)
def trust_browser(request: HttpRequest, user: User, **_: Any) -> None:
    """Trust the browser that opened an emailed link: set its cookie, and verify the email address."""
    request.proven_account = user.email  # type: ignore[attr-defined]
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)
