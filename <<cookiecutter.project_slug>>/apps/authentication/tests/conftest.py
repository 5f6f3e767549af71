"""The fixtures of accounts: a user, and mail that is sent within the test."""

from apps.accounts.tests.conftest import mail_at_once, user

__all__ = ["mail_at_once", "user"]
