"""Print docs/guarantees.md: the docstring of each test, by topic, with the answers for which it holds."""

import ast
import re
from pathlib import Path

from tools import TEMPLATE

TESTS = TEMPLATE / "tests"
ALL = "all"
TASKS = "`tasks=database`"
DEPLOY = "`deploy=server` or `aws`"
# The answers for which single tests hold, by the start of the decorator that skips them otherwise ...
CONDITIONS = {
    "PUBLIC_SIGN_UP": "`sign_up=public`",
    "STAFF_SIGN_UP": "`cms=wagtail`, `sign_up=staff`",
    "pytest.mark.skipif(not HAS_ALLAUTH": "`sign_up=public` or `cms=wagtail`",
    "pytest.mark.skipif(HAS_ALLAUTH": "`sign_up=staff`, `cms=none`",
}
# ... by fixture: `source` is a remote site, which `fab pull` copies over SSH ...
FIXTURES = {"source": "`deploy=server`"}
# ... and by name: AWS runs a worker only for background tasks.
NAMES = dict.fromkeys(
    ["test_worker_runs_tasks", "test_worker_uses_the_images_health_check"], f"`deploy=aws`, {TASKS}"
)
# The files of each topic, and the answers for which their guarantees hold.
TOPICS: dict[str, dict[str, str]] = {
    "Image": {
        "docker/test_image_steps.py": ALL,
        "docker/test_image_content.py": ALL,
        "docker/test_cache.py": ALL,
        "docker/test_hardened.py": ALL,
        "docker/test_lifecycle.py": ALL,
        "docker/test_ci.py": "each answer",
    },
    "Development": {
        "host/test_first_command.py": ALL,
        "host/test_site.py": ALL,
        "host/test_checks.py": ALL,
        "host/test_assets.py": ALL,
        "host/test_budget.py": ALL,
        "host/test_documents.py": "each answer",
        "services/test_daily_work.py": ALL,
        "services/test_documents.py": ALL,
        "services/test_missing_programs.py": ALL,
        "services/test_languages.py": ALL,
        "docker/test_development.py": ALL,
        "docker/test_daily_work.py": ALL,
        "docker/test_documents.py": ALL,
        "docker/test_fabric_never_harms.py": ALL,
        "choices/test_checks.py": "each pair of answers",
    },
    "Configuration": {
        "inside/test_configuration.py": ALL,
        "inside/test_declarations.py": ALL,
        "inside/test_switches.py": ALL,
        "host/test_env_file.py": ALL,
    },
    "Pages": {
        "browser/test_pages.py": ALL,
        "browser/test_access.py": ALL,
        "browser/test_right_to_left.py": ALL,
        "browser/test_lighthouse.py": ALL,
        "browser/test_browser_tests.py": ALL,
        "browser/test_libraries.py": ALL,
        "host/test_static_files.py": ALL,
        "inside/test_static_files.py": ALL,
        "inside/test_static_names.py": ALL,
        "inside/test_robots.py": ALL,
        "choices/test_cms.py": "`cms=wagtail`",
    },
    "Security": {
        "inside/test_security.py": ALL,
        "inside/test_limits.py": ALL,
        "inside/test_passwords.py": ALL,
        "inside/test_reset_mail.py": "`sign_up=staff`, `cms=none`",
        "inside/test_providers.py": "`sign_up=public` or `cms=wagtail`",
        "choices/test_sign_up.py": "`sign_up=public`",
        "services/test_attacks.py": ALL,
        "services/test_audit.py": "`ci=github` or `gitlab`",
    },
    "Data": {
        "services/test_data.py": ALL,
        "docker/test_data.py": ALL,
        "inside/test_masking.py": DEPLOY,
        "inside/test_migration_rules.py": ALL,
        "services/test_migrations.py": ALL,
        "services/test_media.py": ALL,
    },
    "API, background tasks and services": {
        "choices/test_api.py": "`api=ninja` or `drf`",
        "services/test_worker.py": TASKS,
        "docker/test_worker.py": TASKS,
        "services/test_mail.py": ALL,
        "services/test_redis.py": ALL,
        "services/test_errors.py": ALL,
        "services/test_traces.py": ALL,
        "docker/test_traces.py": ALL,
        "inside/test_request_log.py": ALL,
    },
    "Deployment": {
        "docker/host/test_host.py": "`deploy=server`",
        "docker/test_aws.py": "`deploy=aws`",
        "services/test_aws.py": "`deploy=aws`",
        "services/test_cloudformation.py": "`deploy=aws`",
        "inside/test_deployment.py": "`deploy=aws`",
    },
    "Updating": {
        "update/test_update.py": ALL,
        "update/test_another_answer.py": "each answer",
    },
    "Generation": {
        "answers/test_accepted.py": ALL,
        "answers/test_refused.py": ALL,
        "render/test_folder.py": ALL,
        "render/test_next_commands.py": ALL,
        "render/test_origin.py": ALL,
        "render/test_same_bytes.py": ALL,
        "render/test_tree.py": ALL,
        "render/test_contents.py": ALL,
        "render/test_documents.py": ALL,
        "render/test_editors.py": ALL,
        "render/test_packages.py": ALL,
        "render/test_size.py": ALL,
        "render/test_versions.py": ALL,
        "update/test_copier.py": ALL,
        "choices/test_rows.py": ALL,
        "services/test_names.py": ALL,
        "services/test_offline.py": ALL,
        "services/test_locks.py": ALL,
        "services/test_template.py": ALL,
    },
}
HEAD = """\
# Guarantees

The guarantees of Slipway, and the test of each. "Answers" lists the answers to which a guarantee applies:
"all" means every project, and `deploy=both` includes `server` and `aws`. The command that runs a test
depends on its folder: `make test` runs `tests/answers/`, `tests/render/` and `tests/host/`;
`make test-docker` runs `tests/docker/`, and so on. `tests/inside/` runs inside generated projects: with
`make test` in a default one, with `make test-choices` in others.

`make guarantees` generates this page from the docstrings of the tests.
"""


def render() -> str:
    """Return the content of docs/guarantees.md."""
    topics = {topic: render_rows(files) for topic, files in TOPICS.items()}
    index = "\n".join(
        f"- [{topic}](#{re.sub(r'[^a-z -]', '', topic.lower()).replace(' ', '-')}): {len(table)} guarantees"
        for topic, table in topics.items()
    )
    head = "| Guarantee | Answers | Test |\n|---|---|---|\n"
    chapters = [f"## {topic}\n\n{head}" + "\n".join(table) for topic, table in topics.items()]
    return "\n\n".join([HEAD + "\n" + index, *chapters]) + "\n"


def render_rows(files: dict[str, str]) -> list[str]:
    """Return a table row for each test in these files."""
    return [
        f"| {read_promise(test)} | {find_answers(test) or answers} | [`{test.name}`](../tests/{file}) |"
        for file, answers in files.items()
        for test in find_tests(TESTS / file)
    ]


def find_tests(file: Path) -> list[ast.FunctionDef]:
    """Return the tests in a file."""
    nodes = ast.parse(file.read_text(encoding="utf-8")).body
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def find_answers(test: ast.FunctionDef) -> str:
    """Return the answers for which only this test holds, or ""; a skip that CONDITIONS lacks is an error."""
    for decorator in map(ast.unparse, test.decorator_list):
        for beginning, answers in CONDITIONS.items():
            if decorator.startswith(beginning):
                return answers
        if "skip" in decorator:
            raise ValueError(f"{test.name}: name the answers for {decorator} in CONDITIONS")
    fixtures = (FIXTURES[each.arg] for each in test.args.args if each.arg in FIXTURES)
    return NAMES.get(test.name) or next(fixtures, "")


def read_promise(test: ast.FunctionDef) -> str:
    """Return a test's docstring in one line; a test without a docstring is an error."""
    words = ast.get_docstring(test)
    if not words:
        raise ValueError(f"{test.name} has no docstring")
    return " ".join(words.split()).rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    print(render(), end="")
