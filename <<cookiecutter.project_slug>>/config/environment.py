"""The environment variables that the site reads, each declared once; docs/configuration.md explains them.

settings.py and gunicorn.py read them from here.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import quote

from environs import Env, EnvValidationError, ValidationError, validate

from config.backends import caches, database, mailer
from config.env_file import read as read_env_file

BASE_DIR = Path(__file__).resolve().parent.parent
# One socket serves IPv6 and IPv4, unless the kernel has no IPv6 or keeps the two separate.
ONLY_IPV6 = Path("/proc/sys/net/ipv6/bindv6only")
ANY_HOST = "::" if ONLY_IPV6.exists() and ONLY_IPV6.read_text().strip() == "0" else "0.0.0.0"  # noqa: S104


class ConfigurationError(SystemExit):
    """Environment variables are missing or invalid; ends the process with one message for all of them."""


@dataclass(frozen=True)
class Variable:
    """An environment variable.

    `type` names a parser of environs (https://github.com/sloria/environs#supported-types).
    Production requires variables with a `hint`, which says how to set them. `validate` raises
    ValidationError with a message that continues the variable's name and contains no secret.
    """

    name: str
    type: str
    default: Any
    validate: Callable[[Any], Any] | None = None
    hint: str = ""

    @property
    def required(self) -> bool:
        """Return whether production requires it."""
        return bool(self.hint)


HOST = r"[a-z0-9-]+(\.[a-z0-9-]+)*"
# The examples in .env.example and in the hints below, and reserved host names:
# https://www.rfc-editor.org/rfc/rfc2606#section-3
PLACEHOLDER = re.compile(
    r".*://USER:PASSWORD@.*|.*@HOST[:/].*|(?i:(.*[/@.])?example\.(com|net|org)([:/].*)?)"
)


def validate_not_placeholder(value: str | list[str]) -> None:
    """Reject a value from the examples."""
    if any(map(PLACEHOLDER.fullmatch, [value] if isinstance(value, str) else value)):
        raise ValidationError("is a placeholder.")


def validate_secret_key(value: str) -> None:
    """Reject a key that `check --deploy` warns about (security.W009), and the development key."""
    insecure = ("django-insecure-", "development-only-")
    if len(value) < 50 or len(set(value)) < 5 or value.startswith(insecure):
        raise ValidationError("is not secret: use 50 random characters.")


def validate_sender(value: str) -> None:
    """Reject anything except an email address, with or without a name: Town Library <post@example.org>."""
    name, email = parseaddr(value)
    if value not in {email, f"{name} <{email}>", f'"{name}" <{email}>'}:
        email = ""
    validate.Email(error="must be an email address.")(email)


def each_matches(pattern: str, error: str) -> Callable[[str | list[str]], None]:
    """Return a validator that rejects a value, or an item of a list, that does not match the pattern."""

    def validate_each(values: str | list[str]) -> None:
        for value in [values] if isinstance(values, str) else values:
            if not re.fullmatch(pattern, value, re.ASCII | re.IGNORECASE):
                raise ValidationError(error.format(value))

    return validate_each


def one_of(*values: str) -> Callable[[str | list[str]], None]:
    """Return a validator that rejects all other values, ignoring case."""
    return each_matches("|".join(values), f"must be one of {', '.join(values)}.")


# A wildcard would let anyone forge the Host header.
validate_hosts = each_matches(
    rf"\.?{HOST}|\[[0-9a-f:.]+\]",
    "contains {!r}: use host names such as www.example.org, without https://, a port or a wildcard.",
)
# Django rejects other values later and less clearly, or not at all.
validate_origins = each_matches(
    rf"https?://(\*\.)?{HOST}(:\d{{1,5}})?",
    "contains {!r}: use origins such as https://www.example.org, without a path.",
)
# A scheme, or a host with or without one: https://www.w3.org/TR/CSP3/#framework-directive-source-list
validate_csp_sources = each_matches(
    rf"[a-z][a-z0-9+.-]*:|([a-z][a-z0-9+.-]*://)?(\*\.)?{HOST}(:(\d{{1,5}}|\*))?(/[^\s;,'\"]*)?",
    "contains {!r}: use hosts or schemes such as https://cdn.example.org, wss: or blob:.",
)


def validate_path(path: str) -> None:
    """Reject a path that cannot begin a URL, or that other pages use."""
    if not re.fullmatch(r"([a-z0-9_-]+/)+", path, re.ASCII | re.IGNORECASE):
        raise ValidationError("must be like back-office/: letters, digits, - and _, then a /.")
    if path.split("/")[0] in {"account", << '"api", ' if cookiecutter.api != "none" >>"static"<< ', "cms", "documents", "search"' if cookiecutter.cms == 'wagtail' >>}:
        raise ValidationError(f"is {path}, which other pages use.")


def parsed_by(parse: Callable[[str], Any]) -> Callable[[str], None]:
    """Return a validator that rejects a URL for which `parse` raises ValueError."""

    def validate_url(url: str) -> None:
        try:
            parse(url)
        except ValueError as error:
            raise ValidationError(f"cannot be used: {error}.") from None

    return validate_url


<% if cookiecutter.__with_allauth == "yes" %>
def needs(*names: str, also: Callable[[str], Any] | None = None) -> Callable[[str], None]:
    """Return a validator that rejects a value unless these variables are set and `also` accepts it."""

    def validate_all_set(value: str) -> None:
        if missing := [name for name in names if not os.environ.get(name, "").strip()]:
            raise ValidationError(f"needs {' and '.join(missing)} too.")
        if also:
            also(value)

    return validate_all_set


<% endif %>
validate_http_url = validate.URL(
    schemes={"http", "https"}, require_tld=False, error="must be an HTTP URL."
)
validate_not_negative = validate.Range(0, 10**9, error="must be from {min} to {max}.")
validate_positive = validate.Range(1, 10**9, error="must be from {min} to {max}.")


VARIABLES = (
    # --- Django
    Variable("DEBUG", "bool", False),
    Variable(
        "SECRET_KEY",
        "str",
        "development-only-" + "0123456789" * 4,
        validate_secret_key,
        "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    ),
    Variable(
        "ALLOWED_HOSTS",
        "list",
        ["localhost", "127.0.0.1", "[::1]", ".localhost"],
        validate_hosts,
        "Set the site's host names: ALLOWED_HOSTS=www.example.org",
    ),
    Variable("CSRF_TRUSTED_ORIGINS", "list", [], validate_origins),
    Variable("CSP_ORIGINS", "list", [], validate_csp_sources),
    Variable("ADMIN_PATH", "str", "admin/", validate_path),
<% if cookiecutter.__with_allauth == "yes" %>
    # --- Signing in
    Variable("SECOND_FACTOR", "bool", True),
    Variable("GOOGLE_CLIENT_ID", "str", "", needs("GOOGLE_CLIENT_SECRET")),
    Variable("GOOGLE_CLIENT_SECRET", "str", "", needs("GOOGLE_CLIENT_ID")),
    Variable("GITHUB_CLIENT_ID", "str", "", needs("GITHUB_CLIENT_SECRET")),
    Variable("GITHUB_CLIENT_SECRET", "str", "", needs("GITHUB_CLIENT_ID")),
    Variable(
        "OIDC_SERVER_URL",
        "str",
        "",
        needs("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", also=validate_http_url),
    ),
    Variable("OIDC_CLIENT_ID", "str", "", needs("OIDC_SERVER_URL", "OIDC_CLIENT_SECRET")),
    Variable("OIDC_CLIENT_SECRET", "str", "", needs("OIDC_SERVER_URL", "OIDC_CLIENT_ID")),
    Variable("OIDC_NAME", "str", "OpenID Connect"),
<% endif %>
    # --- Data
    Variable(
        "DATABASE_URL",
        "str",
        f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}",
        parsed_by(database),
        "Set it: DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
    ),
    Variable("DATABASE_WAIT_SECONDS", "int", 30, validate_not_negative),
    Variable("CACHE_URL", "str", "", parsed_by(caches)),
    # --- Uploaded files
    Variable("MEDIA_BUCKET", "str", ""),
    Variable("AWS_REGION", "str", ""),
    Variable("MEDIA_ENDPOINT_URL", "str", "", validate_http_url),
    # --- Mail
    Variable(
        "EMAIL_URL",
        "str",
        "console://",
        parsed_by(mailer),
        "Set the mail server: EMAIL_URL=smtp://USER:PASSWORD@HOST:587",
    ),
    Variable(
        "DEFAULT_FROM_EMAIL",
        "str",
        "<< cookiecutter.__author_email >>",
        validate_sender,
    ),
    # --- HTTPS and proxies
    Variable("HTTPS", "bool", True),
    Variable("HSTS_SECONDS", "int", 31_536_000, validate_not_negative),
    Variable("TRUST_PROXY", "bool", False),
    # --- Logs
    Variable("LOG_LEVEL", "str", "INFO", one_of("DEBUG", "INFO", "WARNING", "ERROR")),
    Variable("LOG_FORMAT", "str", "json", one_of("json", "text")),
    # --- Errors and traces
    Variable("RELEASE", "str", ""),
    Variable("SENTRY_DSN", "str", ""),
    Variable("SENTRY_ENVIRONMENT", "str", "production"),
    Variable("OTEL_EXPORTER_OTLP_ENDPOINT", "str", "", validate_http_url),
    Variable("OTEL_SERVICE_NAME", "str", "<< cookiecutter.project_slug >>"),
<% if cookiecutter.tasks == "database" %>
    # --- Background tasks
    Variable("TASKS", "str", "immediate", one_of("immediate", "database")),
<% endif %>
    # --- Processes
    Variable("RUN_MIGRATIONS", "bool", True),
    Variable("PORT", "int", 8000, validate.Range(1, 65535, error="must be from {min} to {max}.")),
    Variable("WEB_CONCURRENCY", "int", 0, validate_not_negative),
    Variable("WEB_THREADS", "int", 4, validate_positive),
    Variable("DRAIN_SECONDS", "int", 3, validate_not_negative),
    Variable("GRACEFUL_TIMEOUT_SECONDS", "int", 25, validate_positive),
    # True only while the image is built, which needs no configuration.
    Variable("BUILDING", "bool", False),
)

# Defaults in development.
DEVELOPMENT = {<< '"SECOND_FACTOR": False, ' if cookiecutter.__with_allauth == "yes" >>"LOG_FORMAT": "text", "SENTRY_ENVIRONMENT": "development"}

WRONG_TYPE = {"bool": "must be true or false.", "int": "must be a whole number."}


def read() -> dict[str, Any]:
    """Return the value of every variable by its name.

    Reads `.env` first, if there is one; the process's environment overrides it, and an empty
    value means unset. Raises ConfigurationError, which names every problem and never a secret.
    """
    try:
        for name, value in read_env_file(BASE_DIR / ".env").items():
            os.environ.setdefault(name, value)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f".env cannot be read: {error}") from None
    for variable in VARIABLES:
        if not os.environ.get(variable.name, "").strip():
            os.environ.pop(variable.name, None)

    env, mode = Env(eager=False), Env(eager=False)
    # True also if one of the two is invalid.
    production = not mode.bool("DEBUG", False) and not mode.bool("BUILDING", False)
    values = {
        each.name: getattr(env, each.type)(each.name, **build_options(each, production))
        for each in VARIABLES
    }
    try:
        env.seal()
    except EnvValidationError as error:
        raise ConfigurationError(format_errors(error)) from None
    return values


<% if cookiecutter.cms == "wagtail" %>
def development_url() -> str:
    """Return the site's URL on this machine, as `fab start` prints it; call `read` first, to load `.env`."""
    return f"http://localhost:{os.environ.get('WEB_PORT') or 8000}"


<% endif %>
def build_options(variable: Variable, production: bool) -> dict[str, Any]:
    """Return the arguments for environs' parser of the variable."""
    arguments: dict[str, Any] = {"validate": [variable.validate] if variable.validate else []}
    if variable.type in WRONG_TYPE:
        arguments["error_messages"] = {"invalid": WRONG_TYPE[variable.type]}
    if variable.type == "list":
        arguments["subcast"] = str.strip
    if production and variable.required:
        arguments["validate"].append(validate_not_placeholder)
    else:
        default = variable.default
        arguments["default"] = default if production else DEVELOPMENT.get(variable.name, default)
    return arguments


def format_errors(error: EnvValidationError) -> str:
    """Return a message with a line for each problem, and the command to run."""
    problems = error.error_messages if isinstance(error.error_messages, Mapping) else {}
    lines = ["The site cannot start: environment variables are missing or invalid."]
    for variable in VARIABLES:
        if variable.name in problems:
            is_set = variable.name in os.environ
            problem = " ".join(dict.fromkeys(problems[variable.name])) if is_set else "is not set."
            if re.fullmatch(r"""(["']).*\1""", os.environ.get(variable.name, "").strip()):
                problem += " Write it without quotes."
            lines.append(f"  {variable.name} {problem} {variable.hint}".rstrip())
    hint = "docs/configuration.md explains each variable. In development, type: fab setup"
    return "\n".join([*lines, hint])
