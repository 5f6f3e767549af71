"""`fab pull` copies none of these models, and no passwords either: docs/masking.md."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken

from apps.core.masking import leave_out

leave_out(Authenticator, EmailAddress, EmailConfirmation, SocialAccount, SocialApp, SocialToken)
