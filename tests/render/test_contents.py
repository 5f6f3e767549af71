"""The content of the files: no remains of the template, and each file valid for its type."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE, Bake, find_tool
from tools import combinations

# Files that may name the generator: those written for it, and those written about it.
MAY_NAME_COOKIECUTTER = {".copier-answers.yml", ".md"}


@pytest.fixture(scope="module", params=combinations.each_value(), ids=combinations.name)
def texts(request: pytest.FixtureRequest, bake_once: Bake) -> dict[Path, str]:
    """Return every text file of a project, by its path in it."""
    project = bake_once(**request.param)
    files = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    return {
        path.relative_to(project): contents.decode("utf-8")
        for path, contents in files.items()
        if b"\0" not in contents
    }


def test_no_delimiter_left(texts: dict[Path, str]) -> None:
    """No opening delimiter of the template is in a file."""
    assert not [path for path, text in texts.items() if re.search(r"<[<%#]", text)]


def test_no_cookiecutter_left(texts: dict[Path, str]) -> None:
    """No file but a document names the generator."""
    named = [path for path, text in texts.items() if "cookiecutter" in text.lower()]
    assert not [path for path in named if not MAY_NAME_COOKIECUTTER & {path.name, path.suffix}]


def test_no_jinja_in_names() -> None:
    """Only the project folder's own name has Jinja in it, and the file that copier alone makes."""
    [answers] = [path for path in PROJECT_TEMPLATE.rglob("*") if "<" in path.name]
    assert answers.name.startswith("<<_copier_conf.answers_file if")


def test_no_empty_file(texts: dict[Path, str]) -> None:
    """Only what marks a Python package is empty."""
    assert not [path for path, text in texts.items() if not text.strip() and path.name != "__init__.py"]


def test_lines_end_as_on_unix(texts: dict[Path, str]) -> None:
    """Every text has LF alone, no spaces before it, and one at the end."""
    texts = {path: text for path, text in texts.items() if text and path.name != "figtree-LICENSE.txt"}
    assert not [path for path, text in texts.items() if "\r" in text]
    assert not [path for path, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")]
    assert not [path for path, text in texts.items() if re.search(r"[ \t]$", text, re.MULTILINE)]


def test_few_files_contain_jinja() -> None:
    """At most 15 % of the template's files do."""
    files = [path for path in PROJECT_TEMPLATE.rglob("*") if path.is_file()]
    with_jinja = [path for path in files if re.search(rb"<[<%#] *\w", path.read_bytes()[:100_000])]
    with_jinja = [path for path in with_jinja if b"cookiecutter" in path.read_bytes()]
    assert len(with_jinja) <= 0.15 * len(files), with_jinja


def test_every_file_parses(texts: dict[Path, str]) -> None:
    """JSON, TOML and YAML are well-formed."""
    parsers = {".json": json.loads, ".toml": tomllib.loads, ".yml": load_yaml, ".yaml": load_yaml}
    parsed = [parsers[path.suffix](text) for path, text in texts.items() if path.suffix in parsers]
    assert all(parsed)
    assert len(parsed) > 5


@pytest.mark.parametrize("deploy", ["none", "server", "aws", "both"])
def test_python_is_formatted_and_clean(deploy: str, bake_once: Bake) -> None:
    """Ruff finds nothing, with the project's own rules."""
    project = bake_once(deploy=deploy, tasks="none" if deploy == "none" else "database")
    check(project, "ruff", "format", "--no-cache", "--check", ".")
    check(project, "ruff", "check", "--no-cache", ".")


def test_templates_are_formatted_and_clean(default_project: Path) -> None:
    """DjLint finds nothing."""
    check(default_project, "djlint", "--check", "--lint", ".")


def test_scripts_are_clean(bake_once: Bake) -> None:
    """ShellCheck finds nothing, except scripts outside the project (SC1091)."""
    scripts = sorted(bake_once(deploy="both").glob("**/*.sh"))
    assert scripts
    shellcheck = find_tool("shellcheck")
    result = subprocess.run([shellcheck, "--exclude=SC1091", *scripts], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("ci", "schema", "path"),
    [
        ("github", "vendor.github-workflows", ".github/workflows/deploy.yml"),
        ("github", "vendor.github-workflows", ".github/workflows/ci.yml"),
        ("github", "vendor.dependabot", ".github/dependabot.yml"),
        ("gitlab", "vendor.gitlab-ci", ".gitlab-ci.yml"),
    ],
)
def test_ci_files_match_the_schema_of_the_service(ci: str, schema: str, path: str, bake_once: Bake) -> None:
    """The service's own schema accepts its files."""
    project = bake_once(ci=ci, deploy="aws")
    check(project, "check-jsonschema", "--builtin-schema", schema, "--data-transform=gitlab-ci", path)


def test_templates_own_workflow() -> None:
    """GitHub's schema accepts the template's own workflow too."""
    workflows = [str(path) for path in TEMPLATE.glob(".github/workflows/*.yml")]
    assert workflows
    check(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


def test_issue_forms() -> None:
    """GitHub's schemas accept the forms for new issues."""
    folder = TEMPLATE / ".github" / "ISSUE_TEMPLATE"
    forms = [str(path) for path in folder.glob("*.yml") if path.stem != "config"]
    assert forms
    check(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *forms)
    config = str(folder / "config.yml")
    check(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-issue-config", config)


@pytest.mark.parametrize("whose", ["project", "template"])
def test_workflows_are_safe(whose: str, bake_once: Bake) -> None:
    """Zizmor finds no vulnerability in a workflow: https://docs.zizmor.sh/audits/."""
    folder = bake_once(deploy="aws") if whose == "project" else TEMPLATE
    zizmor = find_tool("zizmor")
    result = subprocess.run([zizmor, "--offline", folder / ".github"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def load_yaml(text: str) -> object:
    """Read YAML, and the functions of CloudFormation as the texts that they are."""
    return yaml.load(text, Loader=WithFunctions)


class WithFunctions(yaml.SafeLoader):
    """Knows a tag such as !Ref."""


WithFunctions.add_multi_constructor("!", lambda loader, tag, node: f"{tag}: {node.value}")


def check(folder: Path, linter: str, *arguments: str) -> None:
    """Run a linter in the folder and fail with what it says."""
    result = subprocess.run([find_tool(linter), *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
