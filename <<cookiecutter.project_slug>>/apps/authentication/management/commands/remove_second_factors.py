from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.authentication import second_factor


class Command(BaseCommand):
    help = "Remove all second factors of a user who has lost them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="The user's email address.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(email=options["email"])
        except User.DoesNotExist:
            raise CommandError("No user has this email address.") from None
        count = second_factor.remove(user)
        self.stdout.write(f"Removed {count}. The password alone signs them in now.")
