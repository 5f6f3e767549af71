from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.views import ConfirmEmailVerificationCodeView
from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import UpdateView

from apps.accounts import limits
from apps.accounts.models import User
from apps.authentication.forms import ProfileForm


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


class ConfirmCodeView(ConfirmEmailVerificationCodeView):
    """The code that verifies an email address, or a new one after too many wrong ones.

    Django-allauth would redirect to the sign-in page instead.
    """

    def _verify_form_invalid(self, form: forms.Form) -> HttpResponse:
        if self._process.state["failed_attempts"] + 1 < self._process.max_attempts:
            return super()._verify_form_invalid(form)
        self._process.state["code"] = ""
        self._process.persist()
        message = get_adapter().error_messages["too_many_login_attempts"]
        form.errors["code"] = form.error_class([str(message)])
        return self.render_to_response(self.get_context_data(form=form))

    def _resend_form_valid(self, form: forms.Form) -> HttpResponse:
        if not self._process.email_address.user_id:
            # No mail is sent to an email address with an account, but it is counted all the same.
            limits.Attempt("mail", self.request, self._process.email)
        self._process.state["failed_attempts"] = 0
        return super()._resend_form_valid(form)
