"""Every variable is declared once, used, and documented wherever a reader looks for it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from config.environment import BASE_DIR, VARIABLES, Variable, read
from fabfile.steps import PRODUCTION

from tests.inside.conftest import Environment

NAMES = {variable.name for variable in VARIABLES}
PYTHON = [
    file
    for folder in ("apps", "config")
    for file in (BASE_DIR / folder).rglob("*.py")
    if "tests" not in file.parts
]


def text(name: str) -> str:
    """Return a file of the project."""
    return (BASE_DIR / name).read_text(encoding="utf-8")


def assigned(name: str) -> tuple[set[str], set[str]]:
    """Return what `.env.example` names in its two parts: this machine's, and the site's."""
    machine, _, site = text(name).partition("# --- The site")
    pattern = re.compile(r"^(?:# )?([A-Z_]+)=", re.MULTILINE)
    return set(pattern.findall(machine)), set(pattern.findall(site))


MACHINE, SITE = assigned(".env.example")


def table(heading: str) -> dict[str, str]:
    """Return the variables under a heading of docs/configuration.md, with their defaults."""
    chapter = re.split(r"^## ", text("docs/configuration.md"), flags=re.MULTILINE)
    [rows] = [part for part in chapter if part.startswith(heading)]
    found = re.findall(r"^\| (`[A-Z_`, ]+`) \| (.+?) \|", rows, re.MULTILINE)
    return {name: default for names, default in found for name in re.findall("[A-Z_]+", names)}


def shown(variable: Variable) -> str:
    """Return a default as the documents have it."""
    if variable.required:
        return "required"
    if variable.default in ("", []):
        return "none"
    value = variable.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def names_read(file: Path) -> Iterator[str]:
    """Yield what a file of Python reads: env["NAME"], read()["NAME"] or env.bool("NAME")."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Subscript(
                value=ast.Name("env") | ast.Call(func=ast.Name("read")),
                slice=ast.Constant(str(name)),
            ):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name("env")), args=[ast.Constant(str(name)), *_]):
                yield name


def test_nothing_else_reads_the_environment() -> None:
    """Only `config/environment.py` reads the environment, and the health check `PORT`."""
    stray = re.compile(r"\b(environb?|getenvb?)\b(?!\[\"DJANGO_SETTINGS_MODULE\"\] =)")
    files = {file.name for file in PYTHON if stray.search(file.read_text(encoding="utf-8"))}
    assert files == {"environment.py", "healthcheck.py"}


def test_declared_and_read_variables_are_the_same() -> None:
    """Every declared variable is read, and every variable read is declared."""
    in_python = {name for file in PYTHON for name in names_read(file)}
    assert in_python <= NAMES
    scripts = "".join(file.read_text(encoding="utf-8") for file in BASE_DIR.glob("bash/*.sh"))
    assert NAMES - in_python <= set(re.findall(r"\$\{?([A-Z_]+)", scripts))


def test_the_example_names_the_same_variables() -> None:
    """`.env.example` names the same variables."""
    assert SITE == NAMES


def test_the_document_has_the_same_variables_and_defaults() -> None:
    """docs/configuration.md names the same variables and defaults."""
    assert table("The site") == {variable.name: shown(variable) for variable in VARIABLES}


def test_this_machines_variables_are_documented_and_read() -> None:
    """The variables of the developer's machine are documented, and something reads each."""
    assert table("This machine").keys() == MACHINE
    readers = [*BASE_DIR.glob("fabfile/*.py"), *BASE_DIR.glob("bash/*.sh")]
    code = "".join(file.read_text(encoding="utf-8") for file in readers)
    assert not [name for name in MACHINE if name not in code + text("docker-compose.yml")]


# Other variables that these files may name: Docker's, Python's, Poetry's, PostgreSQL's and CI's own.
OTHERS = re.compile(
    r"(CI|NODE|NVM|PIP|POETRY|POSTGRES|PYTHON)_?[A-Z_]+|HOME|FILES_HASH|PATH|REQUESTS_CA_BUNDLE"
    r"|SOURCE_DATE_EPOCH|VIRTUAL_ENV"
)


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "Dockerfile", ".github/workflows/ci.yml", ".gitlab-ci.yml"]
)
def test_docker_and_ci_name_no_other_variable(name: str) -> None:
    """Compose, the Dockerfile and CI name no unknown variable, such as a misspelt one."""
    lines = text(name).splitlines() if (BASE_DIR / name).exists() else []
    code = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    # NAME: value, ARG NAME, NAME=value and ${NAME}
    found = re.findall(r"^ +([A-Z_]+):|^ARG ([A-Z_]+)|\b([A-Z_]+)=|\$\{?([A-Z_]+)", code, re.MULTILINE)
    named = {name for groups in found for name in groups if name} - NAMES - MACHINE
    assert not [name for name in named if not OTHERS.fullmatch(name)]


def test_the_environment_of_the_deployment_check_is_complete(production: Environment) -> None:
    """`fab check` runs `check --deploy` in a complete environment of production."""
    production.clear()
    values = dict(re.findall(r"([A-Z_]+)=(\S+)", PRODUCTION))
    production.update(values)
    assert values.keys() <= NAMES
    assert read()["DEBUG"] is False
