"""Sessions where CACHE_URL is set: the database has them, and the cache copies.

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
    """Django's cache in Redis, which counts as empty while its server does not answer.

    Django's sessions, which would fail, then take the database's. A copy lives for five minutes
    at most, since a server that is back still has the sessions that ended meanwhile.
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

    def call[T](self, question: Callable[[], T], otherwise: T) -> T:
        """Return the server's answer, or `otherwise` if there is none."""
        try:
            return question()
        except RedisError as error:
            logger.warning("The cache does not answer (%s).", type(error).__name__)
            return otherwise
