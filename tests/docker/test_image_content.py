"""The image's content: files that must be in it, and files that must not."""

from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import SECRET, UNWANTED, docker, in_image

# Over the base image, for the default project, which has 93 MB: Django's 31, PostgreSQL's client 13,
# traces 12, S3 8 (30 with all of Amazon's services), the cache's client 6, Sentry's 6.
BUDGET = 96_000_000
TOOLS = "node npm npx nvm poetry pip-compile uv gcc cc g++ make ld git curl wget ssh"


def test_no_tool_of_the_build(production: str) -> None:
    """No Node, npm, Poetry, compiler, git or download tool is in the final image."""
    assert in_image(production, f"for tool in {TOOLS}; do command -v $tool; done; true") == ""
    assert (
        in_image(production, "ls /opt/venv/bin | grep -E '^(pip|poetry|ruff|pytest|mypy|fab)' || true") == ""
    )


def test_no_leftover_of_the_build(production: str, project: Path) -> None:
    """No node_modules, cache, test, document, history, data or asset source is in the final image."""
    paths = set(in_image(production, "find /app /home /opt /root /tmp 2>/dev/null || true").splitlines())
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
    """Values from .env are in no layer, no variable and no line of the history."""
    for image in (production, stage("development")):
        folder = tmp_path / image.split(":")[1]
        folder.mkdir()
        for layer in engine.layers(image, folder):
            for member, content in engine.files(layer):
                assert SECRET.encode() not in content, member.name
        assert SECRET not in docker("history", "--no-trunc", image)
        assert SECRET not in docker("image", "inspect", image)


def test_budget_over_the_base_image(production: str) -> None:
    """The default project adds less than the budget to python:slim."""
    sizes = [
        int(docker("image", "inspect", "--format", "{{.Size}}", name))
        for name in (production, "python:3.14-slim")
    ]
    assert sizes[0] - sizes[1] < BUDGET


@pytest.mark.parametrize("target", ["production", "development"])
def test_docker_build_check(project: Path, target: str) -> None:
    """`docker build --check` finds nothing, and findings would be errors."""
    assert "no warnings found" in docker("build", "--check", "--target", target, project)
    assert (project / "Dockerfile").read_text().startswith("# check=error=true")


def test_needs_no_variable(project: Path, production: str) -> None:
    """Each ARG has a default, and none takes a secret."""
    declared = [line for line in (project / "Dockerfile").read_text().splitlines() if line.startswith("ARG")]
    assert sorted(set(declared)) == [
        "ARG GID=1000",
        "ARG POETRY_PYPI_MIRROR_URL=",
        "ARG RELEASE=",
        "ARG UID=1000",
    ]


def test_knows_its_release(project: Path, production: str, build_options, tag) -> None:
    """An image can be built with a release's name, which changes no other layer."""
    named = tag()
    steps = engine.build(project, named, "--build-arg", "RELEASE=a-commit", *build_options)
    assert not [step for step, cached in steps.items() if step.startswith("[production] ") and not cached]
    assert engine.in_image(named, "echo $RELEASE") == "a-commit"
    assert engine.in_image(production, "echo $RELEASE") == ""


def test_signs_for_s3_by_a_role(production: str) -> None:
    """The image's part of boto3 signs a URL in S3, and can assume every kind of role."""
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
