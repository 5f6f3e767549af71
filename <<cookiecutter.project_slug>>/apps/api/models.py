import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User

LIFETIME = timedelta(days=90)
# How exact `last_used` is: more often it would be one more write for each request.
USED_EVERY = timedelta(minutes=1)


def hash_secret(secret: str) -> str:
    """Return what is kept of a token. A random one needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def default_expiry() -> datetime:
    """Return the default expiry of a new token."""
    return timezone.now() + LIFETIME


class TokenManager(models.Manager["Token"]):
    """Makes tokens, and finds whose they are."""

    def issue(self, user: User, name: str, expires: datetime | None = None) -> "Token":
        """Return a new token, saved, with its secret."""
        token = self.model(user=user, name=name, expires=expires or default_expiry())
        token.make_secret()
        token.save()
        return token

    def user_of(self, secret: str) -> User | None:
        """Return whose token this is, or None if it is unknown or expired, or its owner inactive."""
        now = timezone.now()
        token = (
            self.select_related("user")
            .filter(digest=hash_secret(secret), expires__gt=now, user__is_active=True)
            .first()
        )
        if not token:
            return None
        if not token.last_used or token.last_used <= now - USED_EVERY:
            self.filter(pk=token.pk).update(last_used=now)
        return token.user


class Token(models.Model):
    """Lets a program act as a person until it expires or is deleted."""

    # Known right after make_secret() alone: the database has its digest.
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

    def make_secret(self) -> None:
        """Make up the secret, which is what a program sends."""
        self.secret = secrets.token_urlsafe(32)
        self.digest = hash_secret(self.secret)
