"""Reads EMAIL_URL."""

from typing import Any
from urllib.parse import unquote

from config.addresses import split

DEFAULT_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


def mailer(url: str) -> dict[str, Any]:
    """Return the entry of Django's MAILERS setting for `url`.

    smtp:// begins in clear and insists on STARTTLS, smtps:// speaks TLS from the start,
    smtp+plain:// is not encrypted (a mail catcher), console:// prints. Raises ValueError, without
    a word of the URL, if the scheme is none of these or the host is missing.
    https://docs.djangoproject.com/en/6.1/ref/settings/#mailers
    """
    parts = split(url)
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("the scheme must be smtp, smtps, smtp+plain or console")
    if not parts.hostname:
        raise ValueError("the host is missing")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or DEFAULT_PORTS[parts.scheme],
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 10,
        },
    }
