"""Print docs/guarantees.md: what each test of the generated project promises, in its own words."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent
CHAPTERS = {
    "The project's own checks": "life/test_checks.py",
    "A day's work without Docker": "life/test_daily_work.py",
    "The documents, typed without Docker": "life/test_documents.py",
    "The template itself": "life/test_template.py",
    "The site without Docker": "life/test_site.py",
    "What a start costs": "life/test_budget.py",
    "What a machine lacks": "life/test_faults.py",
    "Static files, under gunicorn": "life/test_static_files.py",
    "The pages, in Chromium": "life/test_pages.py",
    "The pages for everybody": "life/test_access.py",
    "The pages, judged by Lighthouse": "life/test_lighthouse.py",
    "Errors, by Sentry": "life/test_errors.py",
    "Uploaded files, in S3": "life/test_media.py",
    "Traces, by OpenTelemetry": "life/test_traces.py",
    "Mail, by SMTP": "life/test_mail.py",
    "The cache and sessions, in Redis or Valkey": "life/test_redis.py",
    "Attacks on the running site": "life/test_attacks.py",
    "Known weaknesses of packages": "life/test_audit.py",
    "Background tasks": "life/test_worker.py",
    "Data": "life/test_data.py",
    "What is said of AWS": "life/test_aws.py",
    "Updates from the template": "update/test_update.py",
    "Another answer, later": "update/test_another_answer.py",
    "Migrations while a release is exchanged": "life/test_migrations.py",
    "Every combination of the choices": "combinations/test_combinations.py",
    "The API, as production serves it": "combinations/test_api.py",
    "Accounts with second factors and passkeys": "combinations/test_sign_up.py",
    "The CMS, as production serves it": "combinations/test_cms.py",
    "Names that packages have": "combinations/test_names.py",
    "The image, step by step": "docker/test_image_steps.py",
    "What the image holds": "docker/test_image_content.py",
    "What an edit builds again": "docker/test_cache.py",
    "With as little right as possible": "docker/test_hardened.py",
    "Life and death": "docker/test_life_and_death.py",
    "Traces of the image": "docker/test_traces.py",
    "The image as a worker": "docker/test_worker.py",
    "The development container": "docker/test_development.py",
    "On AWS, end to end": "docker/test_aws.py",
    "On one server, end to end": "docker/host/test_host.py",
    "A day's work in Docker": "docker/test_daily_work.py",
    "Data in Docker": "docker/test_data.py",
    "The documents, typed in Docker": "docker/test_documents.py",
    "Each step of CI": "docker/test_ci.py",
    "The image of other choices": "docker/test_combinations.py",
    "Other projects on the machine": "docker/test_fabric_never_harms.py",
}
HEAD = """\
# Guarantees

What Slipway promises of a generated project, and the test that does it. `make test` runs the chapters
of `tests/life/`, `make test-update` those of `tests/update/`, `make test-combinations` that of
`tests/combinations/`, and `make test-docker` the others, on a real engine with a real PostgreSQL. What
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
