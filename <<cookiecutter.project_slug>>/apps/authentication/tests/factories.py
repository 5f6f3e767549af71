"""Second factors for the tests."""

from hashlib import sha256

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from allauth.mfa.webauthn.internal.auth import WebAuthn
from fido2 import webauthn
from fido2.cose import ES256

from apps.accounts.models import User


def make_totp(user: User) -> str:
    """Add an authenticator app to a user; return its secret."""
    secret = auth.generate_totp_secret()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    return secret


def current_code(secret: str) -> str:
    """Return the app's current code."""
    _before, now, _after = auth.yield_hotp_counters_from_time()
    return auth.format_hotp_value(auth.hotp_value(secret, now))


def make_recovery_codes(user: User) -> list[str]:
    """Add recovery codes to a user, and return them."""
    return RecoveryCodes.activate(user).generate_codes()


def make_passkey(user: User) -> Authenticator:
    """Add a passkey without a device to a user."""
    key = ES256({1: 2, 3: ES256.ALGORITHM, -1: 1, -2: bytes(32), -3: bytes(32)})
    credential = webauthn.AttestedCredentialData.create(webauthn.Aaguid.NONE, b"passkey", key)
    data = webauthn.AuthenticatorData.create(
        sha256(b"testserver").digest(), webauthn.AuthenticatorData.FLAG.AT, 0, credential
    )
    response = webauthn.RegistrationResponse(
        raw_id=b"passkey",
        response=webauthn.AuthenticatorAttestationResponse(
            client_data=webauthn.CollectedClientData.create(
                "webauthn.create", b"", "https://testserver"
            ),
            attestation_object=webauthn.AttestationObject.create("none", data, {}),
        ),
    )
    return WebAuthn.add(user, "Telephone", dict(response)).instance
