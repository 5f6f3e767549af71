<% if cookiecutter.__with_allauth == "yes" %>
"""The profile, and django-allauth's pages; those that others link to have Django's names, too.

https://docs.allauth.org/en/latest/account/views.html
"""

from allauth.account import views as account_views
<% else %>
"""The profile, and Django's sign-in, sign-out, password change and reset under their own names.

https://docs.djangoproject.com/en/6.1/topics/auth/default/#module-django.contrib.auth.views
"""

from django.contrib.auth import urls as auth_urls
<% endif %>
from django.urls import include, path

from apps.accounts import views

urlpatterns = [
    path("", include(([path("", views.ProfileView.as_view(), name="profile")], "accounts"))),
<% if cookiecutter.__with_allauth == "yes" %>
    path("login/", account_views.login, name="login"),
    path("logout/", account_views.logout, name="logout"),
    path("password/reset/", account_views.password_reset, name="password_reset"),
    path("", include("allauth.urls")),
<% else %>
    # Before Django's own of the same names.
    path("password_reset/", views.PasswordResetView.as_view(), name="password_reset"),
    path(
        "reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("", include(auth_urls)),
<% endif %>
]
