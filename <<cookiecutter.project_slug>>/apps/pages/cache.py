from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

from apps.core.sessions import SessionCache


class PagesCache(SessionCache):
    """Wagtail's cache of sites and images; pages work without it, more slowly."""

    # /readyz checks with this whether the server responds, so it must fail if it does not.
    has_key = RedisCache.has_key

    # One key at a time, since Redis's own methods fail without a server.
    get_many = BaseCache.get_many
    set_many = BaseCache.set_many
    delete_many = BaseCache.delete_many
