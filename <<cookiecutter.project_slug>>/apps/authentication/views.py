from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import UpdateView

from apps.accounts.models import User
from apps.authentication.forms import ProfileForm


class ProfileView(LoginRequiredMixin, SuccessMessageMixin, UpdateView):
    """A person's own account."""

    model = User
    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")
    success_message = _("Your changes are saved.")

    def get_object(self, queryset: Any = None) -> User:
        """Return the signed-in user."""
        return User.objects.get(email=self.request.user.get_username())
