"""The checks of /readyz: whether this process can serve."""

from functools import cache

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config import draining


class NotReadyError(Exception):
    """A check failed; the message gives the reason and contains no secrets."""


def check_serving() -> None:
    """Raise NotReadyError if the server is about to stop."""
    if draining.is_draining():
        raise NotReadyError("stopping")


def check_database() -> None:
    """Raise NotReadyError if the database does not respond or lacks migrations of this release."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        _check_migrations()
    except DatabaseError as error:
        # A broken connection must not be used for the next request.
        connection.close()
        raise NotReadyError("no answer") from error


@cache
def _check_migrations() -> None:
    """Raise NotReadyError if a migration is not applied; success is cached."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReadyError("migrations missing")


def check_cache() -> None:
    """Raise NotReadyError if the server in CACHE_URL does not respond."""
    from redis.exceptions import RedisError

    try:
        caches["default"].has_key("readyz")
    except RedisError as error:
        raise NotReadyError("no answer") from error


CHECKS = {"serving": check_serving, "database": check_database}


def check_readiness() -> dict[str, str]:
    """Return each check's name with "ok" or the reason of its failure."""
    result = {}
    shared_cache = isinstance(caches["default"], RedisCache)
    checks = {**CHECKS, "cache": check_cache} if shared_cache else CHECKS
    for name, check in checks.items():
        try:
            check()
            result[name] = "ok"
        except NotReadyError as reason:
            result[name] = str(reason)
    return result
