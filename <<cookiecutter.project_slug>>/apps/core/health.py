"""Return whether this process can serve: the checks behind /readyz."""

from functools import cache

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config import draining


class NotReadyError(Exception):
    """A check failed; the message says why, in words without secrets."""


def check_serving() -> None:
    """Raise NotReadyError if the server is about to stop."""
    if draining.is_draining():
        raise NotReadyError("stopping")


def check_database() -> None:
    """Raise NotReadyError if the database does not answer or lacks migrations of this release."""
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
    """Raise NotReadyError if a migration is not applied; asked until it has been right once."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReadyError("migrations missing")


def check_cache() -> None:
    """Raise NotReadyError if the server that CACHE_URL names does not answer."""
    from redis.exceptions import RedisError

    try:
        caches["default"].has_key("readyz")
    except RedisError as error:
        raise NotReadyError("no answer") from error


CHECKS = {"serving": check_serving, "database": check_database}


def readiness() -> dict[str, str]:
    """Return each check's name with "ok" or what is wrong."""
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
