"""Reads CACHE_URL."""

import re
from typing import Any
from urllib.parse import parse_qs

from config.addresses import split

SCHEMES = ("redis://", "rediss://")


def caches(url: str) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES setting for `url`: a Redis or Valkey server, or none if it is empty.

    redis://USER:PASSWORD@HOST:6379/0 is not encrypted; rediss:// speaks TLS, with
    ?ssl_ca_certs=/path if the authority is one of your own. Without a server each process has a
    cache of its own in memory. Raises ValueError, without a word of the URL, if it is none of these.
    https://docs.djangoproject.com/en/6.1/topics/cache/#redis
    """
    if not url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    parts = split(url)
    if not url.startswith(SCHEMES):
        raise ValueError("the scheme must be redis or rediss")
    if not parts.hostname:
        raise ValueError("the host is missing")
    if not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise ValueError("the host is followed by a database's number alone, such as /0")
    if not parse_qs(parts.query, keep_blank_values=True).keys() <= {"ssl_ca_certs"}:
        raise ValueError("the question mark is followed by ssl_ca_certs alone")
    server = {
        "LOCATION": [url],
        # Short, since a page waits for it; a server that is well answers in a millisecond.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    return {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", **server},
        "sessions": {"BACKEND": "apps.core.sessions.SessionCache", **server},
    }
