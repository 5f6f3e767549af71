from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User


class ProfileForm(forms.ModelForm):
    """The fields of a user's own profile.

    Another email address requires the password: otherwise, anyone with access to a signed-in
    browser could have a password reset sent to their own email address.
    """

    password = forms.CharField(
        label=_("Password"),
        help_text=_("Only needed for another email address."),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ["name", "email"]
        # Lets browsers fill in the fields: https://www.w3.org/TR/WCAG22/#identify-input-purpose
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean(self) -> dict[str, Any]:
        """Require the password for another email address."""
        data = super().clean() or self.cleaned_data
        is_new_email = "email" in data and data["email"].lower() != self.instance.email
        if is_new_email and not self.instance.check_password(data["password"]):
            self.add_error(
                "password", _("For another email address your password has to be right.")
            )
        return data
