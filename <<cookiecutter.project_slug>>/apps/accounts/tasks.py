from typing import Any

from django.contrib.auth.forms import PasswordResetForm
from django.core.mail import EmailMessage
from django.tasks import task
from django.template.loader import render_to_string
from django.utils import translation


@task
def send_password_reset(email: str, host: str, use_https: bool, language: str) -> None:
    """Email the link to set a new password, if there is an account with this email address.

    The link is created here and not before, so that it is never stored in the database.
    """
    form = PasswordResetMail({"email": email})
    with translation.override(language):
        if form.is_valid():
            form.save(domain_override=host, use_https=use_https)


class PasswordResetMail(PasswordResetForm):
    """Django's form, but a mail that cannot be sent raises an error, so that the task is retried."""

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Send the mail; raise the mail server's errors."""
        subject = " ".join(render_to_string(subject_template_name, context).split())
        body = render_to_string(email_template_name, context)
        EmailMessage(subject, body, from_email, [to_email]).send()
