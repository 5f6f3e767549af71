from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.fields import LowercaseEmailField
from apps.accounts.managers import UserManager


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by email address and password.

    https://docs.djangoproject.com/en/6.1/topics/auth/customizing/#substituting-a-custom-user-model
    """

    email = LowercaseEmailField(
        _("email address"),
        unique=True,
        error_messages={"unique": _("There is an account with this email address already.")},
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(
        _("staff"), default=False, help_text=_("May sign in to the admin.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Untick this instead of deleting an account.")
    )
    date_joined = models.DateTimeField(_("date joined"), default=timezone.now, editable=False)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.partition(" ")[0] or self.email


class AttemptCounter(models.Model):
    """A count of attempts to sign in or to reset a password: see apps.accounts.limits.

    The key is a keyed hash, so that the table reveals no accounts and no IP addresses.
    """

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.expires:%Y-%m-%d %H:%M}"
