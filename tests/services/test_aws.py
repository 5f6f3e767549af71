"""What `fab aws.*` says where it cannot begin; what it does on AWS is in tests/docker/test_aws.py."""

import pytest

from tests.conftest import Bake
from tests.project import Install, Project

SIGNED_OUT = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
SIGNED_OUT |= {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


@pytest.fixture
def project(bake: Bake, install: Install) -> Project:
    """Return a project that is deployed to AWS."""
    return install(bake(deploy="aws"))


def refused(project: Project, *words: str, **variables: str) -> str:
    """Return the one line with which a task is refused."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        project.variables.pop(name, None)
    result = project.run("fab", *words, check=False, **{**SIGNED_OUT, **variables})
    assert result.returncode == 1, result.stdout
    [line] = result.stdout.strip().splitlines()
    return line


def test_environment_must_be_named(project: Project) -> None:
    """Without an environment's name, or with an unknown one, a line lists the existing ones."""
    for words in ((), ("--environment", "nowhere")):
        line = refused(project, "aws.status", *words)
        assert "production or staging" in line


@pytest.mark.parametrize("text", ["account = ", 'acount = "1"\nregion = "eu-west-2"'])
def test_file_of_an_environment_is_wrong(project: Project, text: str) -> None:
    """A file that is not TOML, or has a misspelled name, is named."""
    (project.folder / "deploy" / "aws" / "staging.toml").write_text(text)
    assert "deploy/aws/staging.toml" in refused(project, "aws.status", "--environment", "staging")


def test_no_credentials(project: Project) -> None:
    """Without credentials a line says how to sign in."""
    assert "aws sso login" in refused(project, "aws.status", "--environment", "staging")


def test_no_boto3(project: Project) -> None:
    """Without boto3 a line has the command to install it; the other tasks do not need it."""
    hidden = project.folder / "hidden"
    hidden.mkdir()
    (hidden / "boto3.py").write_text("raise ImportError\n")
    line = refused(project, "aws.status", "--environment", "staging", PYTHONPATH=str(hidden))
    assert "pipx inject fabric boto3" in line
    assert "aws.deploy" in project.run("fab", "--list", PYTHONPATH=str(hidden)).stdout
