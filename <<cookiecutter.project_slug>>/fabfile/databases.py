"""The site's database, PostgreSQL or SQLite.

Both kinds can write a dump, judge one, and take new contents in such a way that the old ones stay
until the new are complete.
"""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

from invoke.exceptions import Exit

from fabfile import docker, env
from fabfile.postgres import Postgres
from fabfile.run import in_docker
from fabfile.sqlite import Sqlite


def find() -> Sqlite | Postgres:
    """Return the site's database; raise Exit if it cannot be reached from here."""
    if in_docker():
        docker.compose()
        config = json.loads(docker.ask_compose("config", "--format", "json") or "{}")
        url = config.get("services", {}).get("web", {}).get("environment", {}).get("DATABASE_URL")
        return at(url or "", contained=True)
    return at(env.read().get("DATABASE_URL") or f"sqlite:///{env.PROJECT / 'db.sqlite3'}")


def at(url: str, *, contained: bool = False) -> Sqlite | Postgres:
    """Return the database at a URL; raise Exit if it is none of ours."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return Sqlite(Path(unquote(parts.path)[1:]))
    if parts.scheme in {"postgres", "postgresql"}:
        return Postgres(url, contained=contained)
    raise Exit("DATABASE_URL is no database of this site: see docs/configuration.md")
