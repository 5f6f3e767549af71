"""The content of the generated files: no remains of the template, and valid syntax."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT_TEMPLATE, TEMPLATE, Bake, find_tool
from tools import combinations

# Files that may name Cookiecutter: the answers and the documents.
MAY_NAME_COOKIECUTTER = {".copier-answers.yml", ".md"}


@pytest.fixture(scope="module", params=combinations.list_each_value(), ids=combinations.format_row)
def texts(request: pytest.FixtureRequest, bake_once: Bake) -> dict[Path, str]:
    """Return the text files of a project by path."""
    project = bake_once(**request.param)
    files = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    return {
        path.relative_to(project): contents.decode("utf-8")
        for path, contents in files.items()
        if b"\0" not in contents
    }


def test_no_delimiter_is_left(texts: dict[Path, str]) -> None:
    """No generated file contains a delimiter of the template."""
    assert not [path for path, text in texts.items() if re.search(r"<[<%#]", text)]


def test_cookiecutter_is_not_named(texts: dict[Path, str]) -> None:
    """No generated file names Cookiecutter, except documents and the file with the answers."""
    names = [path for path, text in texts.items() if "cookiecutter" in text.lower()]
    assert not [path for path in names if not MAY_NAME_COOKIECUTTER & {path.name, path.suffix}]


def test_file_names_contain_no_jinja() -> None:
    """Only the project folder and the file with Copier's answers have Jinja in their names."""
    [answers] = [path for path in PROJECT_TEMPLATE.rglob("*") if "<" in path.name]
    assert answers.name.startswith("<<_copier_conf.answers_file if")


def test_no_file_is_empty(texts: dict[Path, str]) -> None:
    """No generated file is empty, except `__init__.py`."""
    assert not [path for path, text in texts.items() if not text.strip() and path.name != "__init__.py"]


def test_line_endings_and_whitespace(texts: dict[Path, str]) -> None:
    """Generated files have Unix line endings, no trailing whitespace, and a newline at the end."""
    texts = {path: text for path, text in texts.items() if text and path.name != "figtree-LICENSE.txt"}
    assert not [path for path, text in texts.items() if "\r" in text]
    assert not [path for path, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")]
    assert not [path for path, text in texts.items() if re.search(r"[ \t]$", text, re.MULTILINE)]


def test_few_files_contain_jinja() -> None:
    """At most 15 % of the template's files contain Jinja."""
    files = [path for path in PROJECT_TEMPLATE.rglob("*") if path.is_file()]
    with_jinja = [path for path in files if re.search(rb"<[<%#] *\w", path.read_bytes()[:100_000])]
    with_jinja = [path for path in with_jinja if b"cookiecutter" in path.read_bytes()]
    assert len(with_jinja) <= 0.15 * len(files), with_jinja


def test_data_files_are_valid(texts: dict[Path, str]) -> None:
    """Generated JSON, TOML and YAML files are valid."""
    parsers = {".json": json.loads, ".toml": tomllib.loads, ".yml": load_yaml, ".yaml": load_yaml}
    parsed = [parsers[path.suffix](text) for path, text in texts.items() if path.suffix in parsers]
    assert all(parsed)
    assert len(parsed) > 5


@pytest.mark.parametrize("deploy", ["none", "server", "aws", "both"])
def test_python_passes_ruff(deploy: str, bake_once: Bake) -> None:
    """A generated project passes Ruff with the project's own rules."""
    project = bake_once(deploy=deploy, tasks="none" if deploy == "none" else "database")
    run_linter(project, "ruff", "format", "--no-cache", "--check", ".")
    run_linter(project, "ruff", "check", "--no-cache", ".")


def test_templates_pass_djlint(default_project: Path) -> None:
    """A generated project's templates pass djLint."""
    run_linter(default_project, "djlint", "--check", "--lint", ".")


def test_scripts_pass_shellcheck(bake_once: Bake) -> None:
    """A generated project's scripts pass ShellCheck, apart from files outside the project (SC1091)."""
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
def test_ci_files_match_their_schemas(ci: str, schema: str, path: str, bake_once: Bake) -> None:
    """A project's CI files are valid by the schemas of GitHub and GitLab."""
    project = bake_once(ci=ci, deploy="aws")
    run_linter(project, "check-jsonschema", "--builtin-schema", schema, "--data-transform=gitlab-ci", path)


def test_workflows_of_the_template_match_their_schema() -> None:
    """The template's own workflows are valid by GitHub's schema."""
    workflows = [str(path) for path in TEMPLATE.glob(".github/workflows/*.yml")]
    assert workflows
    run_linter(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


def test_issue_forms_match_their_schemas() -> None:
    """The template's issue forms are valid by GitHub's schemas."""
    folder = TEMPLATE / ".github" / "ISSUE_TEMPLATE"
    forms = [str(path) for path in folder.glob("*.yml") if path.stem != "config"]
    assert forms
    run_linter(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *forms)
    config = str(folder / "config.yml")
    run_linter(TEMPLATE, "check-jsonschema", "--builtin-schema", "vendor.github-issue-config", config)


@pytest.mark.parametrize("owner", ["project", "template"])
def test_workflows_pass_zizmor(owner: str, bake_once: Bake) -> None:
    """The workflows of the template and of a project pass zizmor, which looks for vulnerabilities."""
    folder = bake_once(deploy="aws") if owner == "project" else TEMPLATE
    zizmor = find_tool("zizmor")
    result = subprocess.run([zizmor, "--offline", folder / ".github"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def load_yaml(text: str) -> object:
    """Load YAML, with CloudFormation's functions as strings."""
    return yaml.load(text, Loader=CloudFormationLoader)


class CloudFormationLoader(yaml.SafeLoader):
    """A loader that accepts tags such as !Ref."""


CloudFormationLoader.add_multi_constructor("!", lambda loader, tag, node: f"{tag}: {node.value}")


def run_linter(folder: Path, linter: str, *arguments: str) -> None:
    """Run a linter in the folder; fail with its output."""
    result = subprocess.run([find_tool(linter), *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
