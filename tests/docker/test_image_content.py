"""The content of the image: what must and must not be in it."""

from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import SECRET, UNWANTED, docker, run_in_image

# In bytes over the base image. The default project adds 93 MB: Django 31, PostgreSQL's client 13,
# OpenTelemetry 12, boto3 8 (30 with all services), the Redis client 6, Sentry 6.
BUDGET = 96_000_000
TOOLS = "node npm npx nvm poetry pip-compile uv gcc cc g++ make ld git curl wget ssh"


def test_no_build_tools(production: str) -> None:
    """The image contains no Node, npm, Poetry, compiler, git or download tool."""
    assert run_in_image(production, f"for tool in {TOOLS}; do command -v $tool; done; true") == ""
    assert (
        run_in_image(production, "ls /opt/venv/bin | grep -E '^(pip|poetry|ruff|pytest|mypy|fab)' || true")
        == ""
    )


def test_no_build_leftovers(production: str, project: Path) -> None:
    """The image contains no node_modules, caches, tests, documents, git history, data or asset sources."""
    paths = set(run_in_image(production, "find /app /home /opt /root /tmp 2>/dev/null || true").splitlines())
    for name in UNWANTED:
        assert f"/app/{name}" not in paths
    for path in paths:
        parts = set(Path(path).parts)
        assert not parts & {"node_modules", ".git", ".cache", ".npm", ".nvm"}, path
        assert path.startswith("/opt/venv/lib") or not parts & {
            "assets",
            "docs",
            "fabfile",
            "test",
            "tests",
        }, path
        third_party = path.startswith(("/opt/venv/lib", "/app/staticfiles/admin"))
        assert third_party or not path.endswith((".scss", ".md", ".lock", ".toml")), path
    assert "/app/staticfiles/stale.css" not in paths


def test_no_secret_in_any_layer(production: str, stage, tmp_path: Path) -> None:
    """No layer, variable or history line of the image contains a value from .env."""
    for image in (production, stage("development")):
        folder = tmp_path / image.split(":")[1]
        folder.mkdir()
        for layer in engine.save_layers(image, folder):
            for member, content in engine.read_files(layer):
                assert SECRET.encode() not in content, member.name
        assert SECRET not in docker("history", "--no-trunc", image)
        assert SECRET not in docker("image", "inspect", image)


def test_budget_over_the_base_image(production: str) -> None:
    """The image of a default project adds less than 96 MB to python:slim."""
    sizes = [
        int(docker("image", "inspect", "--format", "{{.Size}}", name))
        for name in (production, "python:3.14-slim")
    ]
    assert sizes[0] - sizes[1] < BUDGET


@pytest.mark.parametrize("target", ["production", "development"])
def test_docker_build_check(project: Path, target: str) -> None:
    """`docker build --check` finds nothing, and a finding fails the build."""
    assert "no warnings found" in docker("build", "--check", "--target", target, project)
    assert (project / "Dockerfile").read_text().startswith("# check=error=true")


def test_build_arguments(project: Path, production: str) -> None:
    """Each ARG in the Dockerfile has a default, and none takes a secret."""
    arguments = [line for line in (project / "Dockerfile").read_text().splitlines() if line.startswith("ARG")]
    assert sorted(set(arguments)) == [
        "ARG GID=1000",
        "ARG POETRY_PYPI_MIRROR_URL=",
        "ARG RELEASE=",
        "ARG UID=1000",
    ]


def test_release_argument(project: Path, production: str, build_options, tag) -> None:
    """The build argument RELEASE names the release in the image, and changes no other layer."""
    name = tag()
    steps = engine.build(project, name, "--build-arg", "RELEASE=a-commit", *build_options)
    assert not [step for step, cached in steps.items() if step.startswith("[production] ") and not cached]
    assert engine.run_in_image(name, "echo $RELEASE") == "a-commit"
    assert engine.run_in_image(production, "echo $RELEASE") == ""


def test_boto3_signs_urls(production: str) -> None:
    """The image can sign URLs for S3, and has boto3's parts for every kind of role."""
    script = """
import boto3
from django.core.files.storage import default_storage
import config.wsgi
print(default_storage.url('letter.txt'))
for name in ('sts', 'sso', 'sso-oidc', 'signin'):
    boto3.client(name, region_name='eu-west-2')
"""
    variables = {
        **engine.BEHIND_PROXY,
        "DATABASE_URL": "sqlite:////tmp/db.sqlite3",
        "MEDIA_BUCKET": "the-bucket",
        "AWS_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    options = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    url = docker("run", "--rm", *options, production, "python", "-c", script)
    assert url.startswith("https://the-bucket.s3.eu-west-2.amazonaws.com/letter.txt?")
