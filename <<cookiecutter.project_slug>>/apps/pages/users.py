"""Parts of the CMS that the rest of the site handles: accounts, email addresses and passwords."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.urls import reverse
from django.views.generic import RedirectView
from wagtail.admin.views import account
from wagtail.permission_policies.base import BasePermissionPolicy

from apps.accounts.models import User


class DenyAllPermissionPolicy(BasePermissionPolicy):
    """Keeps accounts from being created, changed or deleted in the CMS."""

    def user_has_permission(self, user: User | AnonymousUser, action: str) -> bool:
        return False

    def users_with_any_permission(self, actions: list[str]) -> QuerySet[User]:
        return User.objects.none()


class AccountView(account.AccountView):
    """A user's own settings for the CMS, without the name, which is in the site's profile."""

    def get_panels(self) -> list[Any]:
        panels = super().get_panels()
        return [each for each in panels if not isinstance(each, account.NameEmailSettingsPanel)]


class SignInView(RedirectView):
    """Redirects to the site's own sign-in page, instead of a second one."""

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        return f"{reverse('login')}?next={reverse('wagtailadmin_home')}"
