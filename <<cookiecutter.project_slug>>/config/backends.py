"""Django's settings for the services that environment variables configure.

Each function that reads a URL raises ValueError if the URL is wrong, with a message that never
contains the URL, since that includes a password.
"""

import re
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import dj_database_url

MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
# How long the URL of an uploaded file is valid: long enough to load a page's images.
MEDIA_URL_SECONDS = 300


def split_url(url: str) -> SplitResult:
    """Return the URL's parts; raise ValueError if it is not a URL, or a part of it is not encoded."""
    hint = "it is not a URL; percent-encode special characters in the password: # as %23, / as %2F"
    try:
        parts = urlsplit(url)
        # Reading the port validates it.
        _ = parts.port
    except ValueError:
        raise ValueError(hint) from None
    # The rest of a password with a #, / or ? that is not encoded.
    if "#" in url or "@" in parts.path + parts.query:
        raise ValueError(hint)
    return parts


def database(url: str) -> dj_database_url.DBConfig:
    """Return the entry of DATABASES for postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:////FILE.

    Parameters of libpq can follow a question mark, such as ?sslmode=require, and conn_max_age, in seconds.
    https://docs.djangoproject.com/en/6.1/ref/settings/#databases
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    parts = split_url(url)
    if parts.scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ValueError("the scheme must be postgres or sqlite")
    is_sqlite = parts.scheme == "sqlite"
    if is_sqlite and (parts.netloc or not parts.path.strip("/")):
        raise ValueError("an absolute path follows four slashes, as in sqlite:////srv/site.sqlite3")
    try:
        entry = dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
    except ValueError:
        raise ValueError("a parameter after the question mark cannot be read") from None
    if not entry["NAME"]:
        raise ValueError("the database's name is missing")
    options = entry.setdefault("OPTIONS", {})
    age = options.pop("conn_max_age", entry["CONN_MAX_AGE"])
    if type(age) is not int:
        raise ValueError("conn_max_age must be a number of seconds")
    entry["CONN_MAX_AGE"] = age
    if is_sqlite:
        known = {"timeout"}
    else:
        from psycopg.pq import Conninfo

        known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if unknown := sorted(options.keys() - known):
        raise ValueError(f"the database has no parameter {unknown[0]!r}")
    if is_sqlite:
        # Otherwise a transaction that reads before it writes fails at once while another one writes.
        options["transaction_mode"] = "IMMEDIATE"
    return entry


def caches(url: str) -> dict[str, dict[str, Any]]:
    """Return CACHES for a Redis or Valkey server, or for local memory if `url` is empty.

    redis://USER:PASSWORD@HOST:6379/0 is not encrypted, rediss:// is; ?ssl_ca_certs=/FILE sets your
    own certificate authority. https://docs.djangoproject.com/en/6.1/topics/cache/#redis
    """
    if not url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    parts = split_url(url)
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("the scheme must be redis or rediss")
    if not parts.hostname:
        raise ValueError("the host is missing")
    if not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise ValueError("only a database's number, such as /0, can follow the host")
    if not parse_qs(parts.query, keep_blank_values=True).keys() <= {"ssl_ca_certs"}:
        raise ValueError("only ssl_ca_certs can follow the question mark")
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": [url],
            # Short, since a page waits for it; a healthy server responds in a millisecond.
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }


def mailer(url: str) -> dict[str, Any]:
    """Return the entry of MAILERS for a mail server, or for console://, which prints the mail.

    smtp:// requires STARTTLS, smtps:// uses TLS from the start, smtp+plain:// is not encrypted.
    https://docs.djangoproject.com/en/6.1/ref/settings/#mailers
    """
    parts = split_url(url)
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in MAIL_PORTS:
        raise ValueError("the scheme must be smtp, smtps, smtp+plain or console")
    if not parts.hostname:
        raise ValueError("the host is missing")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or MAIL_PORTS[parts.scheme],
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 10,
        },
    }


def bucket(name: str, region: str, endpoint: str) -> dict[str, Any]:
    """Return the entry of STORAGES for private files in an S3 bucket, with URLs that expire.

    Credentials come from the environment, such as the role of a task or instance.
    https://django-storages.readthedocs.io/en/latest/backends/amazon-S3.html
    """
    from botocore.config import Config

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": name,
            "region_name": region or None,
            "endpoint_url": endpoint or None,
            "querystring_auth": True,
            "querystring_expire": MEDIA_URL_SECONDS,
            "file_overwrite": False,
            "client_config": Config(
                signature_version="s3v4",
                # Amazon finds a bucket's region by its host name; other stores use the path.
                s3={"addressing_style": "path" if endpoint else "virtual"},
                # A store that does not respond must not delay a page for minutes.
                connect_timeout=5,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        },
    }


def bucket_origin(name: str, region: str, endpoint: str) -> str:
    """Return the origin of the files' URLs, for the Content Security Policy.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    if endpoint:
        return endpoint.rstrip("/")
    suffix = f".{region}" if region and region != "us-east-1" else ""
    return f"https://{name}.s3{suffix}.amazonaws.com"
