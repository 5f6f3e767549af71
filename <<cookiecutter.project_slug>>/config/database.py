"""Reads DATABASE_URL."""

import dj_database_url

from config.addresses import split


def database(url: str) -> dj_database_url.DBConfig:
    """Return the entry of Django's DATABASES setting for `url`.

    postgres://USER:PASSWORD@HOST:5432/NAME, or sqlite:////srv/site.sqlite3. Raises ValueError,
    without a word of the URL, if it is neither or the database has no name.
    https://docs.djangoproject.com/en/6.1/ref/settings/#databases
    """
    if split(url).scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ValueError("the scheme must be postgres or sqlite")
    try:
        entry = dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
    except ValueError:
        raise ValueError("a parameter behind the question mark cannot be read") from None
    if not entry["NAME"]:
        raise ValueError("the database's name is missing")
    if entry["ENGINE"].endswith("sqlite3"):
        # Else a transaction that reads before it writes fails at once where another process
        # writes, such as a worker, instead of waiting for it.
        entry.setdefault("OPTIONS", {}).setdefault("transaction_mode", "IMMEDIATE")
    return entry
