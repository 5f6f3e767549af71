"""Errors of `fab aws.*` before it calls AWS; tests/docker/test_aws.py tests the rest."""

import pytest

from tests.conftest import Bake
from tests.project import Install, Project

SIGNED_OUT = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
SIGNED_OUT |= {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


@pytest.fixture
def project(bake: Bake, install: Install) -> Project:
    """Return a project that is deployed to AWS."""
    return install(bake(deploy="aws"))


def run_failing_task(project: Project, *words: str, **variables: str) -> str:
    """Return the one line of output of a task that fails."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        project.variables.pop(name, None)
    result = project.run("fab", *words, check=False, **{**SIGNED_OUT, **variables})
    assert result.returncode == 1, result.stdout
    [line] = result.stdout.strip().splitlines()
    return line


def test_environment_must_be_named(project: Project) -> None:
    """If the environment is missing or unknown, `fab aws.*` lists the existing ones in one line."""
    for words in ((), ("--environment", "nowhere")):
        line = run_failing_task(project, "aws.status", *words)
        assert "production or staging" in line


@pytest.mark.parametrize("text", ["account = ", 'acount = "1"\nregion = "eu-west-2"'])
def test_invalid_file_of_an_environment(project: Project, text: str) -> None:
    """If an environment's file is not TOML or has a misspelled name, `fab aws.*` names the file."""
    (project.folder / "deploy" / "aws" / "staging.toml").write_text(text)
    assert "deploy/aws/staging.toml" in run_failing_task(project, "aws.status", "--environment", "staging")


def test_no_credentials(project: Project) -> None:
    """Without credentials `fab aws.*` says in one line how to sign in."""
    assert "aws sso login" in run_failing_task(project, "aws.status", "--environment", "staging")


def test_no_boto3(project: Project) -> None:
    """Without boto3 `fab aws.*` prints the command to install it; other tasks do not need it."""
    folder = project.folder / "hidden"
    folder.mkdir()
    (folder / "boto3.py").write_text("raise ImportError\n")
    line = run_failing_task(project, "aws.status", "--environment", "staging", PYTHONPATH=str(folder))
    assert "pipx inject fabric boto3" in line
    assert "aws.deploy" in project.run("fab", "--list", PYTHONPATH=str(folder)).stdout
