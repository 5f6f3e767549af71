"""Second factors for the tests."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth

from apps.accounts.models import User


def make_totp(user: User) -> str:
    """Give somebody an authenticator app; return the secret that is in it."""
    secret = auth.generate_totp_secret()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    return secret


def current_code(secret: str) -> str:
    """Return what the app shows now."""
    _before, now, _after = auth.yield_hotp_counters_from_time()
    return auth.format_hotp_value(auth.hotp_value(secret, now))


def make_recovery_codes(user: User) -> list[str]:
    """Give somebody recovery codes, and return them."""
    return RecoveryCodes.activate(user).generate_codes()
