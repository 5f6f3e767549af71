"""Invalid configurations, with which the site does not start, and their error messages."""

import os
import re
import runpy
import subprocess
import traceback
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from config import env_file, environment
from config.backends import database
from config.environment import BASE_DIR, VARIABLES, ConfigurationError, read
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PRODUCTION
from tests.inside.conftest import Environment, set_environment

BY_NAME = {variable.name: variable for variable in VARIABLES}
REQUIRED = [variable.name for variable in VARIABLES if variable.required]
TYPES = {"bool": bool, "int": int, "list": list, "str": str}
EXAMPLE = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE))


def find_problems() -> dict[str, str]:
    """Return the error message for each invalid variable."""
    try:
        read()
    except ConfigurationError as error:
        lines = str(error).split("\n")[1:-1]
        return dict(line.strip().split(" ", 1) for line in lines)
    return {}


def test_complete_environment_is_read(production: Environment) -> None:
    """A complete environment is read, and each value has the type of its variable."""
    values = read()
    assert values["ALLOWED_HOSTS"] == ["www.site.test", "site.test"]
    assert values["HTTPS"] is True
    assert values["LOG_FORMAT"] == "json"


def test_all_problems_are_reported_at_once(production: Environment) -> None:
    """All missing and invalid variables are reported at once."""
    for name in REQUIRED:
        del production[name]
    production["WEB_THREADS"] = "many"
    assert find_problems().keys() == {*REQUIRED, "WEB_THREADS"}


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["", "  "])
def test_blank_required_variable(production: Environment, name: str, value: str) -> None:
    """A blank required variable is rejected, with the command that sets it."""
    production[name] = value
    assert find_problems().keys() == {name}
    assert find_problems()[name].endswith(BY_NAME[name].hint)


@pytest.mark.parametrize("name", REQUIRED)
def test_placeholder_of_a_message_is_rejected(production: Environment, name: str) -> None:
    """The placeholder in an error message is rejected as a value."""
    production[name] = BY_NAME[name].hint.partition(f"{name}=")[2]
    assert find_problems().keys() == {name}


@pytest.mark.parametrize("name", ["DATABASE_URL", "EMAIL_URL"])
def test_examples_are_rejected_in_production(production: Environment, name: str) -> None:
    """The examples in `.env.example` are rejected in production."""
    production[name] = EXAMPLES[name]
    assert find_problems().keys() == {name}


def test_examples_are_valid_in_development() -> None:
    """The examples in `.env.example` are valid in development."""
    with set_environment(**{name: EXAMPLES[name] for name in EXAMPLES.keys() & BY_NAME.keys()}):
        assert read()["DEBUG"] is True


def test_command_generates_a_secret_key(production: Environment) -> None:
    """The command in the error message generates a valid secret key."""
    command = BY_NAME["SECRET_KEY"].hint.partition(": ")[2]
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    production["SECRET_KEY"] = result.stdout.strip()
    assert not find_problems()


BY_TYPE = {kind: [variable.name for variable in VARIABLES if variable.type == kind] for kind in TYPES}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "x" * 60),
        ("SECRET_KEY", f"django-insecure-{PRODUCTION['SECRET_KEY']}"),
        ("SECRET_KEY", BY_NAME["SECRET_KEY"].default),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "*.site.test"),
        ("ALLOWED_HOSTS", "https://www.site.test"),
        ("ALLOWED_HOSTS", "www.site.test:8000"),
        ("ALLOWED_HOSTS", "www.site.test,"),
        ("ALLOWED_HOSTS", "bücher.test"),
        ("ALLOWED_HOSTS", "www.example.com"),
        ("ALLOWED_HOSTS", "www.site.test,example.org"),
        ("CSRF_TRUSTED_ORIGINS", "www.site.test"),
        ("CSRF_TRUSTED_ORIGINS", "https://"),
        ("CSRF_TRUSTED_ORIGINS", "https://site.test/path"),
        ("CSP_ORIGINS", "'unsafe-inline'"),
        ("CSP_ORIGINS", "https://cdn.test; script-src *"),
        ("CSP_ORIGINS", "*"),
        ("CSP_ORIGINS", "https://cdn.test/a b"),
        ("ADMIN_PATH", "/admin/"),
        ("ADMIN_PATH", "admin"),
        ("ADMIN_PATH", "back office/"),
        ("ADMIN_PATH", "<path:x>/"),
        ("ADMIN_PATH", "account/"),
        ("DATABASE_URL", "db:5432"),
        ("DATABASE_URL", "postgres://db"),
        ("DATABASE_URL", "postgres://user:pass@db:54x2/name"),
        ("DATABASE_URL", "postgres://[db/name"),
        ("DATABASE_URL", "postgres://USER:PASSWORD@db.site.test/name"),
        ("DATABASE_URL", "postgres://user:pass#word@db/name"),
        ("DATABASE_URL", "postgres://user:12/34@db/name"),
        ("DATABASE_URL", "postgres://user:12?34@db/name"),
        ("DATABASE_URL", "postgres://user:pass@db/name?pool=true"),
        ("DATABASE_URL", "postgres://user:pass@db/name?ssl=true"),
        ("DATABASE_URL", "postgres://user:pass@db/name?conn_max_age=long"),
        ("DATABASE_URL", "sqlite://site.sqlite3"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:////srv/C#/site.sqlite3"),
        ("DATABASE_URL", "sqlite:////srv/site.sqlite3?mode=ro"),
        ("DATABASE_URL", "mysql://user:pass@db/name"),
        ("CACHE_URL", "cache:6379"),
        ("CACHE_URL", "redis://"),
        ("CACHE_URL", "unix:///run/redis.sock"),
        ("CACHE_URL", "redis://cache:6379/zero"),
        ("CACHE_URL", "redis://user:pa/ss@cache"),
        ("CACHE_URL", "redis://me:123#x@cache"),
        ("CACHE_URL", "rediss://cache?ssl_cert_reqs=none"),
        ("EMAIL_URL", "mail.site.test"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp://user:pa/ss@mail.site.test"),
        ("EMAIL_URL", "smtp://me:123#abc@mail.site.test"),
        ("EMAIL_URL", "smtp://me:123/abc@mail.site.test"),
        ("DEFAULT_FROM_EMAIL", "library"),
        ("DEFAULT_FROM_EMAIL", "Town Library post@site.test"),
        ("DEFAULT_FROM_EMAIL", "Library <post@site.test>, b@site.test"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        *((name, "perhaps") for name in BY_TYPE["bool"]),
        *((name, value) for name in BY_TYPE["int"] for value in ("many", "1.5", "-1", "9" * 20)),
    ],
)
def test_invalid_value_is_rejected(production: Environment, name: str, value: str) -> None:
    """An invalid value of any variable is rejected, and no other variable is reported."""
    production[name] = value
    assert find_problems().keys() == {name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "localhost, 127.0.0.1, [::1], .site.test"),
        ("ALLOWED_HOSTS", "exchange-metrics.test,username.test,myexample.com"),
        ("CSRF_TRUSTED_ORIGINS", "https://*.site.test, http://localhost:8000"),
        ("CSP_ORIGINS", "https://cdn.test,https://*.media.test:8443"),
        ("CSP_ORIGINS", "wss://live.site.test:*, blob:, cdn.test/fonts/"),
        ("SECRET_KEY", f"{PRODUCTION['SECRET_KEY']}<a>USER-TODO-placeholder"),
        ("ALLOWED_HOSTS", "my-placeholder.test,changeme.test,host,example.org.test"),
        ("DEFAULT_FROM_EMAIL", "Town Library <post@site.test>"),
        ("DEFAULT_FROM_EMAIL", '"Library, Town" <post@site.test>'),
        ("LOG_LEVEL", "debug"),
        ("LOG_FORMAT", "Text"),
        ("ADMIN_PATH", "back-office/7f3a/"),
        ("DATABASE_URL", "postgres:///name"),
        ("DATABASE_URL", "postgresql://user:pass@db/name?sslmode=verify-full"),
        ("DATABASE_URL", "postgres:///name?host=/var/run/postgresql&connect_timeout=3"),
        ("DATABASE_URL", "postgres://user:p%23%2F%3F%40@%2Ftmp/name?conn_max_age=0"),
        ("DATABASE_URL", "sqlite:////srv/site.sqlite3"),
        ("DATABASE_URL", "sqlite:////srv/C%23/site.sqlite3?timeout=20"),
        ("CACHE_URL", "redis://cache"),
        ("CACHE_URL", "rediss://:p%40ss@cache:6380/1?ssl_ca_certs=/etc/ssl/own.pem"),
        ("EMAIL_URL", "console://"),
        ("HTTPS", "off"),
    ],
)
def test_valid_value_is_accepted(production: Environment, name: str, value: str) -> None:
    """Unusual but valid values are accepted."""
    production[name] = value
    assert not find_problems()


@pytest.mark.parametrize("name", ["DEBUG", "BUILDING"])
def test_development_and_build_need_no_variable(production: Environment, name: str) -> None:
    """Development and the image's build require no variable."""
    for required in REQUIRED:
        del production[required]
    production[name] = "true"
    assert read()["DATABASE_URL"].startswith("sqlite:")


def test_server_does_not_start_with_building(production: Environment) -> None:
    """The server does not start with `BUILDING`."""
    production["BUILDING"] = "true"
    with pytest.raises(SystemExit, match="BUILDING"):
        runpy.run_path(str(BASE_DIR / "config" / "gunicorn.py"))


def test_image_does_not_start_with_script_name() -> None:
    """The image does not start with `SCRIPT_NAME`: the site runs at the root of a host."""
    variables = {"PATH": os.environ["PATH"], "SCRIPT_NAME": "/shop"}
    command = ["sh", str(BASE_DIR / "bash" / "run.sh")]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("SCRIPT_NAME is set")


def test_cookies_of_two_checkouts(production: Environment) -> None:
    """In development, the cookies of two sites on localhost have different names."""
    production["DEBUG"] = "true"
    names = set()
    for name in ("first", "second"):
        production["SECRET_KEY"] = f"{name}-" + "0123456789" * 5
        settings = runpy.run_path(str(BASE_DIR / "config" / "settings.py"))
        names |= {settings["SESSION_COOKIE_NAME"], settings["CSRF_COOKIE_NAME"]}
        assert settings["MESSAGE_STORAGE"].endswith(".session.SessionStorage")
    assert len(names) == 4


@pytest.mark.parametrize(
    ("files", "workers"),
    [
        ({}, 12),
        ({"cpu.max": "max 100000", "memory.max": "max"}, 12),
        ({"cpu.max": "250000 100000"}, 3),
        ({"cpu.max": "50000 100000"}, 2),
        ({"cpu.max": "400000 100000", "memory.max": str(256 * 2**20)}, 2),
        ({"memory.max": str(32 * 2**20)}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 12),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, 12),
        ({"memory/memory.limit_in_bytes": str(512 * 2**20)}, 4),
    ],
)
def test_number_of_workers(
    production: Environment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files: dict[str, str],
    workers: int,
) -> None:
    """The number of workers is limited by the container's CPUs and memory, with cgroup v1 and v2."""
    from config import gunicorn

    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(gunicorn, "Path", lambda _folder: tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: range(16), raising=False)
    assert min(gunicorn.count_cpus() + 1, gunicorn.find_max_workers()) == workers


@pytest.fixture
def file(production: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the `.env` that the site reads."""
    monkeypatch.setattr(environment, "BASE_DIR", tmp_path)
    monkeypatch.setattr(environment, "read_env_file", env_file.read)
    return tmp_path / ".env"


def test_environment_overrides_the_file(production: Environment, file: Path) -> None:
    """An environment variable overrides the value in `.env`."""
    file.write_text("LOG_LEVEL=DEBUG\nWEB_THREADS=2\n")
    production["WEB_THREADS"] = "3"
    assert (read()["LOG_LEVEL"], read()["WEB_THREADS"]) == ("DEBUG", 3)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"LOG_LEVEL=\xff", "not UTF-8"),
        (b"LOG_LEVEL=\0", "null"),
        (b"# fine\n\nLOG_LEVEL", "line 3"),
        (b'A="1\n2"\nB="open\n', "line 3"),
        (b"A='1' 2", "line 1"),
    ],
)
def test_invalid_file_is_reported(file: Path, contents: bytes, reason: str) -> None:
    """A `.env` that is not text, or has an invalid line, is reported with the line."""
    file.write_bytes(contents)
    with pytest.raises(ConfigurationError, match=rf"\.env.*{reason}"):
        read()


def test_quoted_value_is_rejected_with_a_hint(production: Environment) -> None:
    """A value with literal quotes, as `docker run --env-file` passes it, is rejected with a hint."""
    production["DATABASE_URL"] = '"postgres://user:pass@db/name"'
    assert "without quotes" in find_problems()["DATABASE_URL"]


def test_conn_max_age_in_the_url() -> None:
    """`conn_max_age` in `DATABASE_URL` sets Django's CONN_MAX_AGE, as a pooler needs it."""
    assert database("postgres://db/name?conn_max_age=0")["CONN_MAX_AGE"] == 0


FRAGMENTS = st.sampled_from([*"AB= #'\"\\$\n\tx{}é", "export ", "NAME=", "\\n", "\\'"])


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_file_is_parsed_like_python_dotenv(text: str) -> None:
    """`.env` is parsed as python-dotenv does, except that an invalid line is an error."""
    with suppress(ValueError):
        assert env_file.parse(text) == dotenv_values(stream=StringIO(text), interpolate=False)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_written_value_is_read_back(value: str) -> None:
    """Any value that `fab` writes into `.env` is read back unchanged, by python-dotenv too."""
    line = env_file.format_line("NAME", value)
    assert env_file.parse(line) == {"NAME": value} == dotenv_values(stream=StringIO(line), interpolate=False)


# --- Property-based tests: https://hypothesis.readthedocs.io ------------------------------

# Any value of an environment variable: all bytes except zero, UTF-8 or not.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
BYTES = st.binary().map(lambda value: os.fsdecode(value.replace(b"\0", b"")))
NEARLY_A_URL = st.builds(
    "{}://{}:{}@{}:{}/{}".format,
    st.sampled_from(["postgres", "sqlite", "redis", "smtp", "smtps", "console", "https"]),
    *[st.sampled_from(["", "db", "[", "::1", "%zz", "5432", "?a=²", "#", "a b"])] * 5,
)
VALUES = (
    TEXT
    | BYTES
    | NEARLY_A_URL
    | st.integers().map(str)
    | st.sampled_from(["true", "no", "INFO", *EXAMPLES.values(), *PRODUCTION.values()])
)
# These two decide whether the rules of production apply.
MODES = {"DEBUG", "BUILDING"}
# These are valid or invalid together.
GROUPS = {name for name in BY_NAME if name.startswith(("GOOGLE_", "GITHUB_", "OIDC_"))}


@given(
    st.dictionaries(st.sampled_from(sorted(BY_NAME.keys() - MODES - GROUPS)), VALUES, max_size=6),
    st.dictionaries(st.sampled_from(sorted(MODES)), VALUES),
)
def test_random_values_are_read_or_reported(values: dict[str, str], modes: dict[str, str]) -> None:
    """Random values are either read with the type of their variable or reported."""
    with set_environment(**modes):
        invalid_modes = find_problems().keys()
    invalid = set()
    for name, value in values.items():
        with set_environment(**modes, **{name: value}):
            invalid |= find_problems().keys() & {name}
    with set_environment(**modes, **values):
        assert find_problems().keys() == invalid | invalid_modes
        if not invalid | invalid_modes:
            for name, value in read().items():
                assert type(value) is TYPES[BY_NAME[name].type], name


@given(TEXT, TEXT)
def test_no_message_contains_a_secret(before: str, after: str) -> None:
    """No error message contains a secret."""
    secret = f"{before}hunter2{after}"
    values = {
        "SECRET_KEY": secret[:49],
        "DATABASE_URL": f"postgres://user:{secret}@db:port/name",
        "EMAIL_URL": f"smtp://user:{secret}@",
        "CACHE_URL": f"redis://user:{secret}@cache/name",
    }
    with set_environment(**values), pytest.raises(ConfigurationError) as error:
        read()
    assert "hunter2" not in "".join(traceback.format_exception(error.value))
