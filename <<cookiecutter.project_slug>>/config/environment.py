"""The environment variables that the site reads, each declared once.

settings.py and gunicorn.py read from here and nothing else reads `os.environ`.
tests/test_configuration.py holds this list equal to `.env.example`, docs/configuration.md,
docker-compose.yml, CI and what the code reads.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from environs import Env, EnvValidationError, ValidationError, validate

from config.addresses import split
from config.cache import caches
from config.database import database
from config.mail import mailer

BASE_DIR = Path(__file__).resolve().parent.parent


class ConfigurationError(Exception):
    """One or more environment variables are missing or wrong; the message names all of them."""


@dataclass(frozen=True)
class Variable:
    """An environment variable.

    `type` names a parser of environs (https://github.com/sloria/environs#supported-types),
    `options` are that parser's own. A `required` variable has no default in production, and
    `hint` says where a value comes from. `validate` raises ValidationError in words that go on
    after the variable's name; those of a password or key never repeat the value.
    """

    name: str
    type: str
    default: Any
    help: str
    required: bool = False
    hint: str = ""
    validate: Callable[[Any], Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)


HOST = r"[a-z0-9-]+(\.[a-z0-9-]+)*"
ALLOWED_HOST = re.compile(rf"\.?{HOST}|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
ORIGIN = re.compile(rf"https?://(\*\.)?{HOST}(:\d{{1,5}})?", re.ASCII | re.IGNORECASE)
# What stands in the examples and is taken over by mistake. Nobody can own example.com:
# https://www.rfc-editor.org/rfc/rfc2606#section-3
PLACEHOLDER = re.compile(
    r"(?i:(?<![a-z])change[-_ ]?me(?![a-z])|placeholder|django-insecure|development-only)"
    r"|(?i:(?<![\w-])example\.(com|net|org)(?![\w-]|\.\w))"
    r"|\b(USER|PASSWORD|HOST|NAME|TODO)\b|<[^>]*>"
)


def is_no_placeholder(value: str | list[str]) -> None:
    """Refuse an example's value, for the variables that must be right in production."""
    if PLACEHOLDER.search(value if isinstance(value, str) else ",".join(value)):
        raise ValidationError("is a placeholder.")


def is_secret(value: str) -> None:
    """Refuse what `check --deploy` would warn of (security.W009)."""
    if len(value) < 50 or len(set(value)) < 5:
        raise ValidationError("is too short: it takes 50 random characters.")


def are_hosts(hosts: list[str]) -> None:
    """Refuse a wildcard, under which anybody can forge the Host header, and what is no host at all."""
    for host in hosts:
        if not ALLOWED_HOST.fullmatch(host):
            raise ValidationError(
                f"holds {host!r}: it takes host names such as www.example.org,"
                " without https://, a port or a wildcard."
            )


def are_origins(origins: list[str]) -> None:
    """Refuse what is no origin, which Django refuses later and less clearly, or not at all."""
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValidationError(
                f"holds {origin!r}: it takes origins such as https://www.example.org, without a path."
            )


def is_bucket(name: str) -> None:
    """Refuse what cannot be a bucket's name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name, re.ASCII):
        raise ValidationError("must be a bucket's name: 3 to 63 small letters, digits and -.")


def is_region(name: str) -> None:
    """Refuse what cannot be a region's name, which becomes part of a host's."""
    if not re.fullmatch(r"[a-z0-9-]+", name, re.ASCII):
        raise ValidationError("must be a region such as eu-west-2.")


def is_origin(url: str) -> None:
    """Refuse what is no origin."""
    are_origins([url])


def dsn(url: str) -> None:
    """Raise ValueError if Sentry's client would refuse `url`.

    https://docs.sentry.io/concepts/key-terms/dsn-explainer/
    """
    parts = split(url)
    project = parts.path.rpartition("/")[2]
    if not (parts.scheme in {"http", "https"} and parts.hostname and parts.username):
        raise ValueError("it must be like https://KEY@HOST/1, as Sentry shows it")
    if not re.fullmatch(r"[0-9]+", project):
        raise ValueError("its path must end with the project's number")


<% if cookiecutter.__with_allauth == "yes" %>
def issuer(url: str) -> None:
    """Raise ValueError if no OpenID Connect server can be at `url`."""
    parts = split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must be like https://login.example.org/realms/staff")


def needs(*names: str, also: Callable[[str], Any] | None = None) -> Callable[[str], None]:
    """Return a validator that refuses a value where one of these is not set, and what `also` does."""

    def has_all(value: str) -> None:
        if missing := [name for name in names if not os.environ.get(name, "").strip()]:
            raise ValidationError(f"takes {' and '.join(missing)} too.")
        if also:
            also(value)

    return has_all


<% endif %>
def collector(url: str) -> None:
    """Raise ValueError if traces cannot be sent to `url`."""
    parts = split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must be like http://localhost:4318")


def is_path(path: str) -> None:
    """Refuse what cannot begin an address, and what other pages have."""
    if not re.fullmatch(r"([a-z0-9_-]+/)+", path, re.ASCII | re.IGNORECASE):
        raise ValidationError(
            "must be like back-office/: letters, digits, - and _, with a / at the end."
        )
    if path.split("/")[0] in {"account", << '"api", ' if cookiecutter.api != "none" >>"static"<< ', "cms", "documents", "search"' if cookiecutter.cms == 'wagtail' >>}:
        raise ValidationError(f"is {path}, where other pages are.")


def is_read_by(parse: Callable[[str], Any]) -> Callable[[str], None]:
    """Return a validator that refuses what `parse` does, whose words must not repeat the value."""

    def is_read(value: str) -> None:
        try:
            parse(value)
        except ValueError as error:
            raise ValidationError(f"is not usable: {error}.") from None

    return is_read


not_negative = validate.Range(min=0, max=10**9, error="must be from {min} to {max}.")
positive = validate.Range(min=1, max=10**9, error="must be from {min} to {max}.")

VARIABLES = (
    # --- Django
    Variable("DEBUG", "bool", False, "true in development only; false means production."),
    Variable(
        "SECRET_KEY",
        "str",
        "development-only-" + "0123456789" * 4,
        "Signs sessions and password reset links.",
        required=True,
        hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
        validate=is_secret,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "list",
        ["localhost", "127.0.0.1", "[::1]", ".localhost"],
        "The host names of the site, with commas between them.",
        required=True,
        hint="Set the site's host names: ALLOWED_HOSTS=www.example.org",
        validate=are_hosts,
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "list",
        [],
        "Further origins whose forms are accepted, with commas between them.",
        validate=are_origins,
    ),
    Variable(
        "CSP_ORIGINS",
        "list",
        [],
        "Further origins of images, fonts, media, frames and connections, with commas between them.",
        validate=are_origins,
    ),
    Variable(
        "ADMIN_PATH",
        "str",
        "admin/",
        "Where the administration is, with a / at the end.",
        validate=is_path,
    ),
<% if cookiecutter.__with_allauth == "yes" %>
    # --- Signing in
    Variable(
        "SECOND_FACTOR",
        "bool",
        True,
        "Whether the administration takes a second factor; not in development.",
    ),
    Variable(
        "GOOGLE_CLIENT_ID",
        "str",
        "",
        "People can sign in by Google, as this OAuth client.",
        validate=needs("GOOGLE_CLIENT_SECRET"),
    ),
    Variable("GOOGLE_CLIENT_SECRET", "str", "", "Its secret.", validate=needs("GOOGLE_CLIENT_ID")),
    Variable(
        "GITHUB_CLIENT_ID",
        "str",
        "",
        "People can sign in by GitHub, as this OAuth app.",
        validate=needs("GITHUB_CLIENT_SECRET"),
    ),
    Variable("GITHUB_CLIENT_SECRET", "str", "", "Its secret.", validate=needs("GITHUB_CLIENT_ID")),
    Variable(
        "OIDC_SERVER_URL",
        "str",
        "",
        "People can sign in by this OpenID Connect server: Microsoft Entra, Keycloak, Okta.",
        validate=needs("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", also=is_read_by(issuer)),
    ),
    Variable(
        "OIDC_CLIENT_ID",
        "str",
        "",
        "As which of its clients.",
        validate=needs("OIDC_SERVER_URL", "OIDC_CLIENT_SECRET"),
    ),
    Variable(
        "OIDC_CLIENT_SECRET",
        "str",
        "",
        "Its secret.",
        validate=needs("OIDC_SERVER_URL", "OIDC_CLIENT_ID"),
    ),
    Variable("OIDC_NAME", "str", "OpenID Connect", "What the sign-in page calls that server."),
<% endif %>
    # --- Data
    Variable(
        "DATABASE_URL",
        "str",
        f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
        "The database; a SQLite file in development.",
        required=True,
        hint="Set it: DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
        validate=is_read_by(database),
    ),
    Variable(
        "DATABASE_WAIT_SECONDS",
        "int",
        30,
        "How long a start waits for the database, in seconds.",
        validate=not_negative,
    ),
    Variable(
        "CACHE_URL",
        "str",
        "",
        "redis://… or rediss://… (TLS): a Redis or Valkey server for the cache and sessions.",
        validate=is_read_by(caches),
    ),
    # --- Uploaded files
    Variable(
        "MEDIA_BUCKET",
        "str",
        "",
        "The S3 bucket of uploaded files; without it production keeps none.",
        validate=is_bucket,
    ),
    Variable("AWS_REGION", "str", "", "The bucket's region; ECS sets it.", validate=is_region),
    Variable(
        "MEDIA_ENDPOINT_URL",
        "str",
        "",
        "Another store that speaks S3, such as https://s3.example.org; without it, Amazon's.",
        validate=is_origin,
    ),
    # --- Mail
    Variable(
        "EMAIL_URL",
        "str",
        "console://",
        "smtp://… (STARTTLS), smtps://… (TLS), smtp+plain://… (not encrypted) or console://.",
        required=True,
        hint="Set the mail server: EMAIL_URL=smtp://USER:PASSWORD@HOST:587",
        validate=is_read_by(mailer),
    ),
    Variable(
        "DEFAULT_FROM_EMAIL",
        "str",
        "<< cookiecutter.__author_email >>",
        "The sender of the site's mail.",
        validate=validate.Email(error="must be an e-mail address."),
    ),
    # --- HTTPS and proxies
    Variable("HTTPS", "bool", True, "Redirect to HTTPS and mark cookies secure (production only)."),
    Variable(
        "HSTS_SECONDS",
        "int",
        31_536_000,
        "How long browsers insist on HTTPS, in seconds; 0 turns it off.",
        validate=not_negative,
    ),
    Variable(
        "TRUST_PROXY",
        "bool",
        False,
        "true behind a load balancer that overwrites X-Forwarded-Proto and X-Request-ID.",
    ),
    # --- Logs
    Variable(
        "LOG_LEVEL",
        "str",
        "INFO",
        "DEBUG, INFO, WARNING or ERROR.",
        validate=validate.OneOf(
            ["DEBUG", "INFO", "WARNING", "ERROR"], error="must be one of {choices}."
        ),
    ),
    Variable(
        "LOG_FORMAT",
        "str",
        "json",
        "json or text; text in development.",
        validate=validate.OneOf(["json", "text"], error="must be one of {choices}."),
    ),
    # --- Errors and traces
    Variable("RELEASE", "str", "", "What runs, such as a commit; an image can be built with it."),
    Variable(
        "SENTRY_DSN",
        "str",
        "",
        "The Sentry project that errors are sent to; without it none are.",
        validate=is_read_by(dsn),
    ),
    Variable("SENTRY_ENVIRONMENT", "str", "production", "Where the site runs, as Sentry shows it."),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "str",
        "",
        "The OpenTelemetry collector that traces are sent to, over HTTP; without it none are.",
        validate=is_read_by(collector),
    ),
    Variable(
        "OTEL_SERVICE_NAME",
        "str",
        "<< cookiecutter.project_slug >>",
        "The site's name in traces.",
    ),
<% if cookiecutter.tasks == "database" %>
    # --- Background tasks
    Variable(
        "TASKS",
        "str",
        "immediate",
        "immediate (the site runs tasks itself, at once) or database (a worker does).",
        validate=validate.OneOf(["immediate", "database"], error="must be one of {choices}."),
    ),
<% endif %>
    # --- Processes
    Variable("RUN_MIGRATIONS", "bool", True, "false if something else migrates before the start."),
    Variable(
        "WEB_CONCURRENCY",
        "int",
        0,
        "gunicorn's worker processes; 0 takes one more than the container's CPUs.",
        validate=not_negative,
    ),
    Variable("WEB_THREADS", "int", 4, "Threads in each worker.", validate=positive),
    Variable(
        "DRAIN_SECONDS",
        "int",
        3,
        "How long /readyz says 503 before a stop refuses requests, in seconds.",
        validate=not_negative,
    ),
    Variable(
        "GRACEFUL_TIMEOUT_SECONDS",
        "int",
        25,
        "How long requests in flight<< ', or a running task,' if cookiecutter.tasks == 'database' else '' >> may take at a stop, in seconds.",
        validate=positive,
    ),
    Variable(
        "BUILDING",
        "bool",
        False,
        "true while the image is built, which needs no configuration; never when it serves.",
    ),
)

# What holds in development where the environment says nothing.
<% if cookiecutter.__with_allauth == "yes" %>
DEVELOPMENT = {
    "LOG_FORMAT": "text",
    "SECOND_FACTOR": False,
    "SENTRY_ENVIRONMENT": "development",
}
<% else %>
DEVELOPMENT = {"LOG_FORMAT": "text", "SENTRY_ENVIRONMENT": "development"}
<% endif %>


# What is said of a value of the wrong type.
WRONG_TYPE = {"bool": "must be true or false.", "int": "must be a whole number."}


def read() -> dict[str, Any]:
    """Return the value of every variable by its name.

    Reads `.env` first, if there is one; the process's environment wins over it, and an empty
    value means unset. Raises ConfigurationError, which names every fault and never a secret.
    """
    try:
        for name, value in dotenv_values(BASE_DIR / ".env").items():
            os.environ.setdefault(name, value or "")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f".env cannot be read: {error}") from None
    for variable in VARIABLES:
        if not os.environ.get(variable.name, "").strip():
            os.environ.pop(variable.name, None)

    env = Env(eager=False)
    production = is_production()
    values = {
        variable.name: getattr(env, variable.type)(variable.name, **parsing(variable, production))
        for variable in VARIABLES
    }
    try:
        env.seal()
    except EnvValidationError as error:
        raise ConfigurationError(explain(error)) from None
    return values


def read_or_exit() -> dict[str, Any]:
    """Return what `read` does; end the process with the message, and no traceback, if it raises."""
    try:
        return read()
    except ConfigurationError as error:
        sys.exit(str(error))


def is_production() -> bool:
    """Whether the required variables are required: so it is, too, where the answer cannot be read."""
    env = Env(eager=False)
    return not env.bool("DEBUG", False) and not env.bool("BUILDING", False)


def parsing(variable: Variable, production: bool) -> dict[str, Any]:
    """Return the arguments with which environs reads the variable."""
    options = dict(variable.options)
    must_be_right = production and variable.required
    if variable.type in WRONG_TYPE:
        options["error_messages"] = {"invalid": WRONG_TYPE[variable.type]}
    if variable.type == "list":
        options["subcast"] = str.strip
    options["validate"] = [
        *([variable.validate] if variable.validate else []),
        *([is_no_placeholder] if must_be_right else []),
    ]
    if not must_be_right:
        default = variable.default
        options["default"] = default if production else DEVELOPMENT.get(variable.name, default)
    return options


def explain(error: EnvValidationError) -> str:
    """Return one message for all faults, a line each, with what to type."""
    faults = error.error_messages if isinstance(error.error_messages, Mapping) else {}
    lines = []
    for variable in VARIABLES:
        if variable.name in faults:
            is_set = variable.name in os.environ
            fault = " ".join(dict.fromkeys(faults[variable.name])) if is_set else "is not set."
            lines.append(f"  {variable.name} {fault} {variable.hint}".rstrip())
    return "\n".join(
        [
            "The site cannot start: the environment is not complete.",
            *lines,
            "docs/configuration.md explains each variable. In development, type: fab setup",
        ]
    )
