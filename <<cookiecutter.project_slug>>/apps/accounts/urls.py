"""The profile, and Django's sign-in, sign-out, password change and reset under their own names.

https://docs.djangoproject.com/en/6.1/topics/auth/default/#module-django.contrib.auth.views
"""

from django.contrib.auth import urls as auth_urls
from django.urls import include, path

from apps.accounts import views

urlpatterns = [
    path("", include(([path("", views.ProfileView.as_view(), name="profile")], "accounts"))),
    # Before Django's own of the same names.
    path("password_reset/", views.PasswordResetView.as_view(), name="password_reset"),
    path(
        "reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("", include(auth_urls)),
]
