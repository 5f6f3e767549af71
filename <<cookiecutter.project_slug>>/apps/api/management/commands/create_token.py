from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.accounts.models import User
from apps.api.models import LIFETIME, Token


class Command(BaseCommand):
    help = "Create an API token and print it, once; see docs/api.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="The user's email address.")
        parser.add_argument("--name", required=True, help="The client that uses the token.")
        parser.add_argument(
            "--days",
            type=int,
            default=LIFETIME.days,
            help=f"How many days it is valid (default: {LIFETIME.days}).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        user = User.objects.filter(email=options["email"], is_active=True).first()
        if not user:
            raise CommandError(f"No active user has the email {options['email']!r}.")
        expires = timezone.now() + timedelta(days=options["days"])
        self.stdout.write(Token.objects.issue(user, options["name"], expires).secret)
