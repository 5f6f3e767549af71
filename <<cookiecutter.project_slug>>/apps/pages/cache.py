from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

from apps.core.sessions import SessionCache


class PagesCache(SessionCache):
    """Wagtail's cache of sites and images; pages work without it, more slowly."""

    # /readyz asks by this whether the server answers, so it fails if it does not.
    has_key = RedisCache.has_key

    # One by one, since those of Redis fail without a server.
    get_many = BaseCache.get_many
    set_many = BaseCache.set_many
    delete_many = BaseCache.delete_many
