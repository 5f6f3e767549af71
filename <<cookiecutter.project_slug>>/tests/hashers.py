from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickHasher(Argon2PasswordHasher):
    """Argon2 with the lowest cost, so that tests are fast."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
