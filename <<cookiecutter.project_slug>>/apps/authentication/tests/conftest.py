"""The fixtures of accounts: a person, and mail that is sent within the test."""

from apps.accounts.tests.conftest import mail_at_once, user

__all__ = ["mail_at_once", "user"]
