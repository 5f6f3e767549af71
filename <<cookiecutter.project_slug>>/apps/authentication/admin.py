"""The admin with this site's sign-in, and without django-allauth's own pages in it.

Those would show the secrets of second factors, and could mark email addresses as verified.
"""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin import UserAdmin
from apps.accounts.models import User
from apps.authentication import receivers, second_factor

for model in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, User):
    admin.site.unregister(model)

# Signed-in users without permission get no form for another user's password.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@admin.register(User)
class AuthenticationUserAdmin(UserAdmin):
    """Users, with an action to remove lost second factors."""

    actions = ["remove_second_factors"]

    @admin.action(description=_("Remove the second factors"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            count = second_factor.remove(user)
            self.log_change(request, user, f"Removed {count} second factors.")
        self.message_user(
            request, _("They sign in by password, and can set up another."), messages.SUCCESS
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Mark a changed email address as verified, and remove the old one."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            receivers.mark_email_verified(obj)
