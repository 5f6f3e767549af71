from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickHasher(Argon2PasswordHasher):
    """Argon2 as in production, but for the work that makes it slow to guess, and tests with it."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
