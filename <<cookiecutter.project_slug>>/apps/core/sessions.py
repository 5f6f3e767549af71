"""Sessions with CACHE_URL: the database stores them, and the cache has copies.

https://docs.djangoproject.com/en/6.1/topics/http/sessions/#using-cached-sessions
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger("site.cache")


class SessionCache(RedisCache):
    """Django's Redis cache, but empty instead of an error while its server does not respond.

    Django then reads the sessions from the database. A copy expires after five minutes at most,
    since a server that is back may still have sessions that ended in the meantime.
    """

    seconds = 300

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self.call(lambda: super(SessionCache, self).get(key, default, version), default)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        seconds = self.get_backend_timeout(timeout)
        seconds = self.seconds if seconds is None else min(seconds, self.seconds)
        self.call(lambda: super(SessionCache, self).set(key, value, seconds, version), None)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self.call(lambda: super(SessionCache, self).delete(key, version), False)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self.call(lambda: super(SessionCache, self).has_key(key, version), False)

    def call[T](self, function: Callable[[], T], default: T) -> T:
        """Return the function's result, or `default` if the server does not respond."""
        try:
            return function()
        except RedisError as error:
            logger.warning("The cache does not respond (%s).", type(error).__name__)
            return default
