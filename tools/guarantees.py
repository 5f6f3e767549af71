"""Print docs/guarantees.md: what each test of the generated project promises, in its own words."""

import ast
from pathlib import Path

from tools import TEMPLATE

TESTS = TEMPLATE / "tests"
CHAPTERS = {
    "The project's own checks": "host/test_checks.py",
    "Inside: the variables": "inside/test_configuration.py",
    "Inside: what names the variables": "inside/test_declarations.py",
    "Inside: what a variable switches": "inside/test_switches.py",
    "Inside: headers, cookies, uploads and forged requests": "inside/test_security.py",
    "Inside: limits of attempts": "inside/test_limits.py",
    "Inside: passwords": "inside/test_passwords.py",
    "Inside: the mail to reset a password": "inside/test_reset_mail.py",
    "Inside: accounts of other sites, with `sign_up=public` or `cms=wagtail`": "inside/test_providers.py",
    "Inside: the log of requests": "inside/test_request_log.py",
    "Inside: search engines and security.txt": "inside/test_robots.py",
    "Inside: static files of two releases": "inside/test_static_files.py",
    "Inside: names of static files": "inside/test_static_names.py",
    "Inside: the rules for migrations": "inside/test_migration_rules.py",
    "Inside: masked copies, with a deployment": "inside/test_masking.py",
    "Inside: the containers' variables, with `deploy=aws`": "inside/test_deployment.py",
    "A day's work without Docker": "services/test_daily_work.py",
    "The documents, typed without Docker": "services/test_documents.py",
    "The template itself": "services/test_template.py",
    "The site without Docker": "host/test_site.py",
    "What `.env` says": "host/test_env_file.py",
    "The first command": "host/test_first_command.py",
    "The asset build": "host/test_assets.py",
    "The tasks that documents name": "host/test_documents.py",
    "What a start costs": "host/test_budget.py",
    "Missing programs": "services/test_faults.py",
    "Static files, under gunicorn": "host/test_static_files.py",
    "The pages, in Chromium": "browser/test_pages.py",
    "The pages for everybody": "browser/test_access.py",
    "The pages from right to left, in Chromium": "browser/test_right_to_left.py",
    "The project's own tests in a browser": "browser/test_browser_tests.py",
    "Libraries from npm under the Content Security Policy": "browser/test_libraries.py",
    "The pages, by Lighthouse": "browser/test_lighthouse.py",
    "Errors, by Sentry": "services/test_errors.py",
    "Uploaded files, in S3": "services/test_media.py",
    "Traces, by OpenTelemetry": "services/test_traces.py",
    "Mail, by SMTP": "services/test_mail.py",
    "Another language": "services/test_languages.py",
    "The cache and sessions, in Redis or Valkey": "services/test_redis.py",
    "Attacks on the running site": "services/test_attacks.py",
    "Known vulnerabilities of packages": "services/test_audit.py",
    "Background tasks, with `tasks=database`": "services/test_worker.py",
    "Data; masked copies with a deployment": "services/test_data.py",
    "Names made at random": "services/test_names.py",
    "The locks": "services/test_locks.py",
    "Generation without a network": "services/test_offline.py",
    "The templates for AWS, with `deploy=aws`": "services/test_cloudformation.py",
    "Error messages of the AWS tasks, with `deploy=aws`": "services/test_aws.py",
    "Updates from the template": "update/test_update.py",
    "By Copier": "update/test_copier.py",
    "Another answer, later": "update/test_another_answer.py",
    "Backward-compatible migrations": "services/test_migrations.py",
    "Projects with other answers": "choices/test_checks.py",
    "Which answers are tested together": "choices/test_rows.py",
    "The API, as production serves it": "choices/test_api.py",
    "Accounts with second factors and passkeys": "choices/test_sign_up.py",
    "The CMS, as production serves it": "choices/test_cms.py",
    "The image, step by step": "docker/test_image_steps.py",
    "What the image holds": "docker/test_image_content.py",
    "What an edit builds again": "docker/test_cache.py",
    "Least privilege": "docker/test_hardened.py",
    "Lifecycle": "docker/test_lifecycle.py",
    "Traces of the image": "docker/test_traces.py",
    "The image as a worker, with `tasks=database`": "docker/test_worker.py",
    "The development container": "docker/test_development.py",
    "On AWS, end to end, with `deploy=aws`": "docker/test_aws.py",
    "On one server, end to end, with `deploy=server`": "docker/host/test_host.py",
    "A day's work in Docker": "docker/test_daily_work.py",
    "Data in Docker; masked copies with a deployment": "docker/test_data.py",
    "The documents, typed in Docker": "docker/test_documents.py",
    "CI and the image, for each answer": "docker/test_ci.py",
    "Other projects on the machine": "docker/test_fabric_never_harms.py",
}
HEAD = """\
# Guarantees

What Slipway promises of a generated project, and the test that does it. The folder names the command:
`make test` runs `tests/host/`, `make test-services` runs `tests/services/`, and so on. `tests/inside/` runs
inside a generated project: a default one by `make test`, one with other answers by `make test-choices`.
What generation itself promises is in `tests/answers/` and `tests/render/`, which `make test` runs too.

`make guarantees` writes this page from the tests' own words.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(chapter(title, TESTS / file) for title, file in CHAPTERS.items())])


def chapter(title: str, file: Path) -> str:
    """Return a table of the tests in `file`."""
    tests = [
        node
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    rows = [f"| {promise(test)} | `{test.name}` |" for test in tests]
    head = [f"## {title}", "", f"`tests/{file.relative_to(TESTS)}`", "", "| Promise | Test |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def promise(test: ast.FunctionDef) -> str:
    """Return a test's docstring on one line; a test without one has no promise, which is an error."""
    words = ast.get_docstring(test)
    if not words:
        raise ValueError(f"{test.name} has no docstring")
    return " ".join(words.split()).rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
