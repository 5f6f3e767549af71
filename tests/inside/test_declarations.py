"""Every environment variable is declared once, used, and documented."""

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


def read_text(name: str) -> str:
    """Return the text of a project's file."""
    return (BASE_DIR / name).read_text(encoding="utf-8")


def read_example(name: str) -> tuple[set[str], set[str]]:
    """Return the variables in the two parts of `.env.example`: this machine's and the site's."""
    machine, _, site = read_text(name).partition("# --- The site")
    pattern = re.compile(r"^(?:# )?([A-Z_]+)=", re.MULTILINE)
    return set(pattern.findall(machine)), set(pattern.findall(site))


MACHINE, SITE = read_example(".env.example")


def read_table(heading: str) -> dict[str, str]:
    """Return the variables under a heading in docs/configuration.md, with their defaults."""
    chapters = re.split(r"^## ", read_text("docs/configuration.md"), flags=re.MULTILINE)
    [chapter] = [part for part in chapters if part.startswith(heading)]
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \| (.+?) \|", chapter, re.MULTILINE)
    return {name: default for names, default in rows for name in re.findall("[A-Z_]+", names)}


def format_default(variable: Variable) -> str:
    """Return a default as the documents show it."""
    if variable.required:
        return "required"
    if variable.default in ("", []):
        return "none"
    value = variable.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def find_variables_read(file: Path) -> Iterator[str]:
    """Yield the variables that a Python file reads: env["NAME"], read()["NAME"] or env.bool("NAME")."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Subscript(
                value=ast.Name("env") | ast.Call(func=ast.Name("read")),
                slice=ast.Constant(str(name)),
            ):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name("env")), args=[ast.Constant(str(name)), *_]):
                yield name


def test_only_one_module_reads_the_environment() -> None:
    """Only `config/environment.py` reads the environment, except `PORT` in the health check."""
    pattern = re.compile(r"\b(environb?|getenvb?)\b(?!\[\"DJANGO_SETTINGS_MODULE\"\] =)")
    files = {file.name for file in PYTHON if pattern.search(file.read_text(encoding="utf-8"))}
    assert files == {"environment.py", "healthcheck.py"}


def test_declared_and_read_variables_are_the_same() -> None:
    """Every declared variable is read, and every variable that is read is declared."""
    in_python = {name for file in PYTHON for name in find_variables_read(file)}
    assert in_python <= NAMES
    scripts = "".join(file.read_text(encoding="utf-8") for file in BASE_DIR.glob("bash/*.sh"))
    assert NAMES - in_python <= set(re.findall(r"\$\{?([A-Z_]+)", scripts))


def test_example_has_the_declared_variables() -> None:
    """`.env.example` has every declared variable and no other."""
    assert SITE == NAMES


def test_document_has_the_declared_variables() -> None:
    """docs/configuration.md has every declared variable with its default."""
    assert read_table("The site") == {variable.name: format_default(variable) for variable in VARIABLES}


def test_variables_of_the_machine_are_documented_and_read() -> None:
    """The variables of the developer's machine are documented, and each is read."""
    assert read_table("This machine").keys() == MACHINE
    readers = [*BASE_DIR.glob("fabfile/*.py"), *BASE_DIR.glob("bash/*.sh")]
    code = "".join(file.read_text(encoding="utf-8") for file in readers)
    assert not [name for name in MACHINE if name not in code + read_text("docker-compose.yml")]


# External variables that these files may use: Docker's, Python's, Poetry's, PostgreSQL's and CI's.
EXTERNAL = re.compile(
    r"(CI|NODE|NVM|PIP|POETRY|POSTGRES|PYTHON)_?[A-Z_]+|HOME|FILES_HASH|PATH|REQUESTS_CA_BUNDLE"
    r"|SOURCE_DATE_EPOCH|VIRTUAL_ENV"
)


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "Dockerfile", ".github/workflows/ci.yml", ".gitlab-ci.yml"]
)
def test_docker_and_ci_use_no_unknown_variable(name: str) -> None:
    """Compose, the Dockerfile and CI use no unknown variable, such as a misspelled one."""
    lines = read_text(name).splitlines() if (BASE_DIR / name).exists() else []
    code = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    # NAME: value, ARG NAME, NAME=value and ${NAME}
    matches = re.findall(r"^ +([A-Z_]+):|^ARG ([A-Z_]+)|\b([A-Z_]+)=|\$\{?([A-Z_]+)", code, re.MULTILINE)
    names = {name for groups in matches for name in groups if name} - NAMES - MACHINE
    assert not [name for name in names if not EXTERNAL.fullmatch(name)]


def test_deployment_check_has_a_complete_environment(production: Environment) -> None:
    """`fab check` runs `check --deploy` in a complete production environment."""
    production.clear()
    values = dict(re.findall(r"([A-Z_]+)=(\S+)", PRODUCTION))
    production.update(values)
    assert values.keys() <= NAMES
    assert read()["DEBUG"] is False
