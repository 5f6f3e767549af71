<% if cookiecutter.__with_allauth == "no" %>
from functools import partial
<% endif %>
from typing import Any

<% if cookiecutter.__with_allauth == "no" %>
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
<% endif %>
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
<% if cookiecutter.__with_allauth == "no" %>
from django.http import HttpResponse, HttpResponseRedirect
<% endif %>
from django.urls import reverse_lazy
<% if cookiecutter.__with_allauth == "no" %>
from django.utils.translation import get_language
<% endif %>
from django.utils.translation import gettext_lazy as _
from django.views.generic import UpdateView

<% if cookiecutter.__with_allauth == "no" %>
from apps.accounts import limits, mailing
<% endif %>
from apps.accounts.forms import ProfileForm
from apps.accounts.models import User
<% if cookiecutter.__with_allauth == "no" %>
from apps.accounts.tasks import send_password_reset
<% endif %>


class ProfileView(LoginRequiredMixin, SuccessMessageMixin, UpdateView):
    """A person's own account."""

    model = User
    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")
    success_message = _("Your changes are saved.")

    def get_object(self, queryset: Any = None) -> User:
        """Return the person who is signed in."""
        return User.objects.get(email=self.request.user.get_username())
<% if cookiecutter.__with_allauth == "no" %>


class PasswordResetView(auth_views.PasswordResetView):
    """Django's page that mails a link, with limits, and no sign of whether there is an account."""

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Leave all that depends on the account for after the answer."""
        limits.Attempt("reset", self.request, form.cleaned_data["email"])
        enqueue = partial(
            send_password_reset.enqueue,
            form.cleaned_data["email"],
            self.request.get_host(),
            self.request.is_secure(),
            get_language(),
        )
        if send_password_reset.get_backend().supports_get_result:
            # A worker sends the mail.
            enqueue()
        else:
            mailing.send_later(enqueue)
        return HttpResponseRedirect(self.get_success_url())


class PasswordResetConfirmView(auth_views.PasswordResetConfirmView):
    """Django's page behind that link; who sets a password there is known from then on."""

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        response = super().form_valid(form)
        limits.remember_device(response, form.user.get_username())
        return response
<% endif %>
