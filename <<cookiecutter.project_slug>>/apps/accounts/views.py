from functools import partial
from typing import Any

from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.generic import UpdateView

from apps.accounts import limits, mailing
from apps.accounts.forms import ProfileForm
from apps.accounts.models import User
from apps.accounts.tasks import send_password_reset


class ProfileView(LoginRequiredMixin, SuccessMessageMixin, UpdateView):
    """The user's own profile."""

    model = User
    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")
    success_message = _("Your changes are saved.")

    def get_object(self, queryset: Any = None) -> User:
        """Return the signed-in user."""
        return User.objects.get(email=self.request.user.get_username())


class PasswordResetView(auth_views.PasswordResetView):
    """Django's page that emails a link, with limits; it does not reveal whether there is an account."""

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Do everything that depends on the account in the background."""
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
    """Django's page of that link; it also sets the device cookie."""

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        response = super().form_valid(form)
        limits.remember_device(response, form.user.get_username())
        return response

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Offer a new link if this one no longer works."""
        context = super().get_context_data(**context)
        if not context["validlink"]:
            context["title"] = _("This link no longer works")
            context["text"] = _("It was used already, or it is too old.")
            context["link"], context["button"] = reverse("password_reset"), _("Send a new link")
        return context
