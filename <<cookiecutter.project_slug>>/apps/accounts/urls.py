"""The profile, and Django's pages to sign in and out, and to change and reset a password.

https://docs.djangoproject.com/en/6.1/topics/auth/default/#module-django.contrib.auth.views
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import views as auth
from django.http import HttpResponseBase
from django.urls import include, path, reverse_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts import views

LOGIN = reverse_lazy("login")


def as_view(view: Any, template: str = "page", **texts: Any) -> Callable[..., HttpResponseBase]:
    """Return one of Django's views with this site's template and texts."""
    return view.as_view(template_name=f"registration/{template}.html", extra_context=texts)


login = as_view(
    auth.LoginView,
    "login",
    title=_("Sign in"),
    button=_("Sign in"),
    link=reverse_lazy("password_reset"),
    link_text=_("Forgotten your password?"),
)
logged_out = as_view(
    auth.LogoutView,
    title=_("You are signed out"),
    link=LOGIN,
    link_text=_("Sign in again"),
)
password_change = as_view(
    auth.PasswordChangeView,
    title=_("Change your password"),
    button=_("Change password"),
)
password_change_done = as_view(
    auth.PasswordChangeDoneView,
    title=_("Your password is changed"),
    link=reverse_lazy("accounts:profile"),
    link_text=_("Back to your account"),
)
password_reset = as_view(
    views.PasswordResetView,
    title=_("Reset your password"),
    text=_("Tell us your email address and we send you a link to set a new password."),
    button=_("Send the link"),
)
password_reset_done = as_view(
    auth.PasswordResetDoneView,
    title=_("Check your email"),
    text=_(
        "If there is an account with that address, the link is on its way. It may take some minutes;"
        " look into the spam folder, too."
    ),
    link=LOGIN,
    link_text=_("Back to sign in"),
)
password_reset_confirm = as_view(
    views.PasswordResetConfirmView,
    "password_reset_confirm",
    title=_("Set a new password"),
    button=_("Set password"),
)
password_reset_complete = as_view(
    auth.PasswordResetCompleteView,
    title=_("Your new password is set"),
    text=_("You can sign in with it now."),
    link=LOGIN,
    button=_("Sign in"),
)

urlpatterns = [
    path("", include(([path("", views.ProfileView.as_view(), name="profile")], "accounts"))),
    path("login/", login, name="login"),
    path("logout/", logged_out, name="logout"),
    path("password_change/", password_change, name="password_change"),
    path("password_change/done/", password_change_done, name="password_change_done"),
    path("password_reset/", password_reset, name="password_reset"),
    path("password_reset/done/", password_reset_done, name="password_reset_done"),
    path("reset/<uidb64>/<token>/", password_reset_confirm, name="password_reset_confirm"),
    path("reset/done/", password_reset_complete, name="password_reset_complete"),
]
