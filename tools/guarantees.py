"""Print docs/guarantees.md: what each test of the generated project promises, in its own words."""

import ast
from pathlib import Path

from tools import TEMPLATE

TESTS = TEMPLATE / "tests"
CHAPTERS = {
    "The project's own checks": "host/test_checks.py",
    "A day's work without Docker": "host/test_daily_work.py",
    "The documents, typed without Docker": "host/test_documents.py",
    "The template itself": "host/test_template.py",
    "The site without Docker": "host/test_site.py",
    "What a start costs": "host/test_budget.py",
    "What a machine lacks": "host/test_faults.py",
    "Static files, under gunicorn": "host/test_static_files.py",
    "The pages, in Chromium": "browser/test_pages.py",
    "The pages for everybody": "browser/test_access.py",
    "The pages, judged by Lighthouse": "browser/test_lighthouse.py",
    "Errors, by Sentry": "services/test_errors.py",
    "Uploaded files, in S3": "services/test_media.py",
    "Traces, by OpenTelemetry": "services/test_traces.py",
    "Mail, by SMTP": "services/test_mail.py",
    "The cache and sessions, in Redis or Valkey": "services/test_redis.py",
    "Attacks on the running site": "host/test_attacks.py",
    "Known weaknesses of packages": "host/test_audit.py",
    "Background tasks, with `tasks=database`": "host/test_worker.py",
    "Data; masked copies with a deployment": "services/test_data.py",
    "Messages of `fab aws.*`, with `deploy=aws`": "host/test_aws.py",
    "Updates from the template": "update/test_update.py",
    "Another answer, later": "update/test_another_answer.py",
    "Migrations while a release is exchanged": "host/test_migrations.py",
    "Every combination of the choices": "choices/test_combinations.py",
    "The API, as production serves it": "choices/test_api.py",
    "Accounts with second factors and passkeys": "choices/test_sign_up.py",
    "The CMS, as production serves it": "choices/test_cms.py",
    "Names that packages have": "choices/test_names.py",
    "The image, step by step": "docker/test_image_steps.py",
    "What the image holds": "docker/test_image_content.py",
    "What an edit builds again": "docker/test_cache.py",
    "With as little right as possible": "docker/test_hardened.py",
    "Life and death": "docker/test_lifecycle.py",
    "Traces of the image": "docker/test_traces.py",
    "The image as a worker, with `tasks=database`": "docker/test_worker.py",
    "The development container": "docker/test_development.py",
    "On AWS, end to end, with `deploy=aws`": "docker/test_aws.py",
    "On one server, end to end, with `deploy=server`": "docker/host/test_host.py",
    "A day's work in Docker": "docker/test_daily_work.py",
    "Data in Docker; masked copies with a deployment": "docker/test_data.py",
    "The documents, typed in Docker": "docker/test_documents.py",
    "Each step of CI": "docker/test_ci.py",
    "The image of other choices": "docker/test_combinations.py",
    "Other projects on the machine": "docker/test_fabric_never_harms.py",
}
HEAD = """\
# Guarantees

What Slipway promises of a generated project, and the test that does it. `make test` runs the chapters
of `tests/host/`, `make test-update` those of `tests/update/`, `make test-combinations` that of
`tests/choices/`, and `make test-docker` the others, on a real engine with a real PostgreSQL. What
generation itself promises is in `tests/answers/` and `tests/render/`.

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
