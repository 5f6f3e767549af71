"""The profile and django-allauth's pages; some also have the URL names of Django's pages.

https://docs.allauth.org/en/latest/account/views.html
"""

from allauth.account import views as account_views
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from apps.authentication import views

urlpatterns = [
    path("", include(([path("", views.ProfileView.as_view(), name="profile")], "accounts"))),
    path("login/", account_views.login, name="login"),
    path("logout/", account_views.logout, name="logout"),
    path("password/reset/", account_views.password_reset, name="password_reset"),
    path(
        "confirm-email/",
        login_not_required(views.ConfirmCodeView.as_view()),
        name="account_email_verification_sent",
    ),
    path("", include("allauth.urls")),
]
