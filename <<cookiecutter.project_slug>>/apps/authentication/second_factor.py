"""Second factors: which paths require one, and whether a session has used one."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_from_path

from apps.accounts.models import User


def is_required(request: HttpRequest) -> bool:
    """Return whether the path is in settings.SECOND_FACTOR_PATHS, also after a language prefix: /de/admin/."""
    path = request.path_info
    if language := get_language_from_path(path):
        path = path.removeprefix(f"/{language}")
    return path.startswith(tuple(f"/{each}" for each in settings.SECOND_FACTOR_PATHS))


def is_verified(request: HttpRequest) -> bool:
    """Return whether a second factor was used in this session."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def find_page(user: User) -> str:
    """Return the URL name of the page to use a factor or to set one up."""
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in types:
        return "mfa_reauthenticate"
    if Authenticator.Type.WEBAUTHN in types:
        return "mfa_reauthenticate_webauthn"
    return "mfa_index"


def remove(user: User) -> int:
    """Remove all factors of a user who has lost them; return their number.

    The user can then sign in with the password alone, and the admin requires a new factor.
    """
    deleted, _ = Authenticator.objects.filter(user=user).delete()
    return deleted
