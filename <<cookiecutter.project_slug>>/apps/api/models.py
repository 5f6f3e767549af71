import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User

LIFETIME = timedelta(days=90)
# How precise `last_used` is: otherwise, each request would need another write.
LAST_USED_PRECISION = timedelta(minutes=1)


def hash_secret(secret: str) -> str:
    """Return the hash that is stored. A random token needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def default_expiry() -> datetime:
    """Return the default expiry of a new token."""
    return timezone.now() + LIFETIME


class TokenManager(models.Manager["Token"]):
    """Creates tokens and finds their users."""

    def issue(self, user: User, name: str, expires: datetime | None = None) -> "Token":
        """Create and return a token with its secret."""
        token = self.model(user=user, name=name, expires=expires or default_expiry())
        token.generate_secret()
        token.save()
        return token

    def find_user(self, secret: str) -> User | None:
        """Return a token's user, or None if it is unknown or expired, or its user inactive."""
        now = timezone.now()
        token = (
            self.select_related("user")
            .filter(digest=hash_secret(secret), expires__gt=now, user__is_active=True)
            .first()
        )
        if not token:
            return None
        if not token.last_used or token.last_used <= now - LAST_USED_PRECISION:
            self.filter(pk=token.pk).update(last_used=now)
        return token.user


class Token(models.Model):
    """A token that lets a program act as a user until it expires or is deleted."""

    # Set only by generate_secret(): the database has the digest.
    secret = ""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="tokens",
        verbose_name=_("user"),
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What uses it, and where."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    last_used = models.DateTimeField(_("last used"), null=True, editable=False)
    expires = models.DateTimeField(_("expires"), default=default_expiry)

    objects = TokenManager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    def generate_secret(self) -> None:
        """Generate the secret that a program sends."""
        self.secret = secrets.token_urlsafe(32)
        self.digest = hash_secret(self.secret)
