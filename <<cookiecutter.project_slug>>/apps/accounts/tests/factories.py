"""Users for the tests of every app: a test passes what matters to it, and the rest has defaults.

`fab seed` uses them too.
"""

from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from apps.accounts.models import User

PASSWORD = "correct horse battery staple"

numbers = count(1)


def make_user(email: str = "", **fields: Any) -> User:
    """Create a user, with a unique email address unless one is given."""
    email = email or f"person-{next(numbers)}@example.org"
    return User.objects.create_user(email, **{"password": PASSWORD, **fields})


def make_superuser(email: str = "", **fields: Any) -> User:
    """Create a superuser."""
    return make_user(email, is_staff=True, is_superuser=True, **fields)


# Names that are hard to display: long, short, in other scripts, empty.
PEOPLE = {
    "admin": "Ada Lovelace",
    "ben": "Benjamin Okonkwo",
    "chi": "李小龍",
    "dora": "Dóra Szabó-Kovács",
    "eve": "Eve O'Neil",
    "farid": "فريد الأطرش",
    "grace": "Grace Hopper",
    "hanna": "Hanna-Maria Elisabeth von Hohenstein-Schwarzenberg zu Rudolstadt",
    "io": "Io",
    "jo": "",
    "katya": "Екатерина Ковалевская",
    "lin": "Lin Thúy Nguyễn",
}


def seed() -> str:
    """Create the missing users of a site in development; return a summary."""
    password = make_password(PASSWORD)
    for word, name in PEOPLE.items():
        rights = dict.fromkeys(("is_staff", "is_superuser"), word == "admin")
        User.objects.get_or_create(
            email=f"{word}@example.org", defaults={"name": name, "password": password, **rights}
        )
    return f"{len(PEOPLE)} people; sign in as admin@example.org by the password {PASSWORD!r}"
