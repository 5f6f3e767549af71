"""The site on AWS, end to end, on an emulator that runs the image and enforces IAM policies."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Bake
from tests.docker import aws as account
from tests.docker import engine
from tests.docker.aws import ACCOUNT, PREFIX, REGION, Aws
from tests.docker.engine import get_error

HOME = "apps/core/templates/core/home.html"
PASSWORD = "correct-horse-battery"
SUBJECT = "repo:org/name:environment:staging"

# The permissions that a deployment of an existing image uses.
PERMISSIONS = (
    "cloudformation:DescribeStacks",
    "ecr:DescribeImages",
    "ecs:ListTasks",
    "ecs:DescribeTaskDefinition",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "ecs:DescribeTasks",
    "ecs:DeregisterTaskDefinition",
    "logs:FilterLogEvents",
    "cloudformation:UpdateStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResource",
    "ecs:DescribeServices",
)


@pytest.fixture(scope="module")
def aws(
    bake_once: Bake,
    project_variables: dict[str, str],
    build_options: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Aws]:
    """Return an account with a running staging environment, and the credentials of GitHub's workflow."""
    account.build_emulator()
    folder = account.copy_project(bake_once(deploy="aws", tasks="database"), tmp_path_factory.mktemp("aws"))
    aws = Aws(folder, project_variables, build_options)
    try:
        aws.create_client("iam").create_open_id_connect_provider(
            Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
        )
        result = aws.fab("aws.up", check=False)
        assert "EMAIL_URL" in result.stdout.splitlines()[-1]
        aws.fab("aws.secret", "EMAIL_URL", stdin="smtp+plain://localhost:25")
        aws.fab("aws.up")
        aws.github = aws.get_credentials(SUBJECT)
        yield aws
    finally:
        aws.remove()


@pytest.fixture
def commit(aws: Aws) -> Iterator[str]:
    """Return the running commit; restore the checkout and the release at the end."""
    commit = aws.get_commit()
    yield commit
    aws.reset(commit)
    if not get_deployed_image(aws).endswith(get_digest(aws, commit)):
        aws.fab("aws.rollback", "--release", commit)
    # On a busy machine a container may still be starting.
    engine.wait_until(lambda: is_running(aws, commit), 60, "the previous release")


def is_serving(aws: Aws, text: str = "") -> bool:
    """Return whether the first page has status 200 and contains this text."""
    home = aws.get("/")
    return home.status == 200 and text in home.body


def test_page_and_admin(aws: Aws) -> None:
    """After `fab aws.up` the load balancer serves the page and the admin over HTTPS."""
    home = aws.get("/")
    assert home.status == 200
    assert "max-age" in home.headers["Strict-Transport-Security"]
    stylesheet = re.search(r'href="(/static/dist/css/main\.[0-9a-f]{12}\.css)"', home.body)[1]
    assert aws.get(stylesheet).status == 200
    script = (
        f"from apps.accounts.models import User as U; U.objects.create_superuser('a@b.test', '{PASSWORD}')"
    )
    aws.fab("aws.manage", f'shell -c "{script}"')
    page = aws.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[1]
    form = {"csrfmiddlewaretoken": token, "username": "a@b.test", "password": PASSWORD}
    cookies = engine.format_cookies(page.cookies)
    headers = {"Cookie": cookies, "Referer": f"https://{account.HOST}/admin/login/"}
    signed_in = aws.get("/admin/login/?next=/admin/", form, **headers)
    assert signed_in.status == 302, signed_in.body
    admin = aws.get("/admin/", Cookie=engine.format_cookies(signed_in.cookies))
    assert admin.status == 200
    assert "/admin/logout/" in admin.body


def test_database_is_postgresql_with_tls(aws: Aws) -> None:
    """On AWS the database is PostgreSQL, and the connection to it is encrypted."""
    script = (
        "from django.db import connection as c; c.ensure_connection();"
        " print(c.vendor, 'encrypted' if c.connection.pgconn.ssl_in_use else 'open')"
    )
    assert "postgresql encrypted" in aws.fab("aws.manage", f'shell -c "{script}"').stdout


def test_uploads_use_the_role(aws: Aws) -> None:
    """On AWS uploads are stored in the bucket with the containers' role, which has no other permissions."""
    script = (
        "from django.core.files.storage import default_storage as s;"
        "from django.core.files.base import ContentFile as C;"
        "print(s.open(s.save('x.txt', C(b'kept'))).read());"
        "import boto3; boto3.client('s3').list_buckets()"
    )
    result = aws.fab("aws.manage", f'shell -c "{script}"', check=False)
    assert "b'kept'" in result.stdout
    assert "AccessDenied" in result.stdout
    assert get_error(result)


def test_worker_runs_tasks(aws: Aws) -> None:
    """On AWS the worker's service runs background tasks."""
    enqueue = "from apps.tasks.tasks import delete_old_results as t; print(t.enqueue().id)"
    aws.fab("aws.manage", f'shell -c "{enqueue}"')
    ask = "from django_tasks_db.models import DBTaskResult as R; print([r.status for r in R.objects.all()])"

    def has_succeeded() -> bool:
        return "SUCCESSFUL" in aws.fab("aws.manage", f'shell -c "{ask}"').stdout

    engine.wait_until(has_succeeded, 60, "the task")


def test_exit_code_of_a_command(aws: Aws) -> None:
    """`fab aws.manage` prints the command's output and exits with its exit code."""
    assert "no issues" in aws.fab("aws.manage", "check --deploy").stdout
    script = "import sys; sys.exit(7)"
    result = aws.fab("aws.manage", f'shell -c "{script}"', check=False)
    assert result.returncode == 7


def test_status(aws: Aws, commit: str) -> None:
    """`fab aws.status` prints the release, its health and its URL."""
    output = aws.fab("aws.status").stdout
    assert commit in output
    assert f"https://{account.HOST}" in output
    assert re.search(r"^targets +1 healthy$", output, re.MULTILINE)


def test_deploy_and_rollback(aws: Aws, commit: str) -> None:
    """`fab aws.deploy` deploys a commit; `fab aws.rollback` returns to the previous or any other release."""
    newer = aws.edit(HOME, "<!-- newer -->\n")
    aws.fab("aws.deploy")
    assert newer in aws.fab("aws.status").stdout
    aws.fab("aws.rollback")
    assert re.search(rf"^release +{commit}$", aws.fab("aws.status").stdout, re.MULTILINE)
    aws.fab("aws.rollback", "--release", newer[:9])
    assert re.search(rf"^release +{newer}$", aws.fab("aws.status").stdout, re.MULTILINE)
    aws.fab("aws.rollback", "--release", commit)
    assert is_serving(aws)


def test_uncommitted_changes_are_not_deployed(aws: Aws, commit: str) -> None:
    """`fab aws.deploy` does not deploy uncommitted changes."""
    (aws.folder / "apps/new.py").write_text("")
    assert "apps/new.py" in get_error(aws.fab("aws.deploy", check=False))
    (aws.folder / "apps/new.py").unlink()


def test_migration_that_fails(aws: Aws, commit: str) -> None:
    """On AWS a failed migration ends the deployment before the service is updated."""
    before = aws.create_client("ecs").describe_services(cluster=PREFIX, services=["web"])["services"][0]
    migrations = aws.folder / "apps/accounts/migrations"
    (migrations / "9999_broken.py").write_text(engine.render_broken_migration(migrations))
    aws.commit()
    result = aws.fab("aws.deploy", check=False)
    assert "division by zero" in result.stdout
    assert get_error(result)
    after = aws.create_client("ecs").describe_services(cluster=PREFIX, services=["web"])["services"][0]
    assert after["deployments"] == before["deployments"]
    assert is_serving(aws)


def test_image_that_cannot_be_built(aws: Aws, commit: str) -> None:
    """If the image cannot be built, `fab aws.deploy` changes nothing."""
    aws.edit("config/urls.py", "\nthis is no Python\n")
    assert get_error(aws.fab("aws.deploy", check=False))
    assert is_serving(aws)


def test_repository_that_denies_access(aws: Aws, commit: str) -> None:
    """If ECR denies access, `fab aws.deploy` changes nothing."""
    aws.edit(HOME, "<!-- not taken -->\n")
    with deny(aws, "ecr:GetAuthorizationToken"):
        assert "GetAuthorizationToken" in get_error(aws.fab("aws.deploy", check=False))
    assert is_serving(aws)


def test_release_that_does_not_start(aws: Aws, commit: str) -> None:
    """On AWS a release that exits at the start is rolled back, and its last log lines are shown."""
    aws.edit("config/gunicorn.py", "\nraise SystemExit('nothing works')\n")
    result = aws.fab("aws.deploy", check=False)
    assert result.returncode != 0
    assert "nothing works" in result.stdout
    assert "exit code 1" in result.stdout
    check_release(aws, commit)


def test_release_whose_page_fails(aws: Aws, commit: str) -> None:
    """On AWS a release whose first page returns an error is rolled back."""
    aws.edit("apps/core/views.py", "\n\nHomeView.get = None\n")
    result = aws.fab("aws.deploy", check=False)
    assert "responds with 500" in result.stdout
    assert get_error(result)
    check_release(aws, commit)


@pytest.fixture(scope="module")
def other_commit(aws: Aws) -> str:
    """Return another commit, whose image has been pushed."""
    before = aws.get_commit()
    other_commit = aws.edit(HOME, "<!-- other -->\n")
    aws.fab("aws.deploy")
    aws.reset(before)
    aws.fab("aws.rollback")
    return other_commit


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_missing_permission(aws: Aws, other_commit: str, commit: str, permission: str) -> None:
    """If AWS denies a step of a deployment, the old release keeps serving, and one line says why."""
    aws.reset(other_commit)
    with deny(aws, permission):
        result = aws.fab("aws.deploy", check=False)
    assert permission.partition(":")[2] in get_error(result)
    check_release(aws, commit)


@contextmanager
def deny(aws: Aws, permission: str) -> Iterator[None]:
    """Deny the workflow's role one permission."""
    iam = aws.create_client("iam")
    policy = {"RoleName": f"{PREFIX}-deploy", "PolicyName": "without"}
    document = (
        '{"Version": "2012-10-17", "Statement":'
        f' [{{"Effect": "Deny", "Action": "{permission}", "Resource": "*"}}]}}'
    )
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)


def check_release(aws: Aws, commit: str) -> None:
    """Fail unless this commit is running, and the stack has its image."""
    engine.wait_until(lambda: is_running(aws, commit) and is_serving(aws), 60, "the old release")
    assert get_deployed_image(aws).endswith(get_digest(aws, commit))


def get_deployed_image(aws: Aws) -> str:
    """Return the image in the stack's parameters."""
    [stack] = aws.create_client("cloudformation").describe_stacks(StackName=f"{PREFIX}-service")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    return parameters["ImageUri"]


def is_running(aws: Aws, commit: str) -> bool:
    """Return whether the site and the worker run this commit's image in all desired containers."""
    ecs = aws.create_client("ecs")
    services = ecs.describe_services(cluster=PREFIX, services=["web", "worker"])["services"]
    definitions = [ecs.describe_task_definition(taskDefinition=each["taskDefinition"]) for each in services]
    images = [each["taskDefinition"]["containerDefinitions"][0]["image"] for each in definitions]
    return all(image.endswith(get_digest(aws, commit)) for image in images) and all(
        each["runningCount"] == each["desiredCount"] for each in services
    )


def get_digest(aws: Aws, commit: str) -> str:
    """Return the digest of a commit's image."""
    image_ids = [{"imageTag": commit}]
    return aws.create_client("ecr").describe_images(repositoryName=PREFIX, imageIds=image_ids)[
        "imageDetails"
    ][0]["imageDigest"]


def test_concurrent_deployment_is_rejected(aws: Aws, commit: str) -> None:
    """On AWS a second deployment is rejected while another one migrates."""
    ecs = aws.create_client("ecs")
    [web] = ecs.describe_services(cluster=PREFIX, services=["web"])["services"]
    definition = ecs.describe_task_definition(taskDefinition=web["taskDefinition"])["taskDefinition"]
    [container] = definition["containerDefinitions"]
    ecs.register_task_definition(
        family=f"{PREFIX}-migrate",
        taskRoleArn=definition["taskRoleArn"],
        containerDefinitions=[{**container, "command": ["sleep", "60"]}],
    )
    task = ecs.run_task(cluster=PREFIX, taskDefinition=f"{PREFIX}-migrate")["tasks"][0]["taskArn"]
    result = aws.fab("aws.deploy", check=False)
    ecs.stop_task(cluster=PREFIX, task=task)
    assert get_error(result)
    assert "== Migrate" not in result.stdout


def test_trusted_workflows(aws: Aws) -> None:
    """Only GitHub's workflow for this environment gets credentials, with either format of its subject."""
    assert aws.trusts(SUBJECT)
    assert aws.trusts("repo:org@123/name@456:environment:staging")
    for subject in (
        "repo:org/name:environment:production",
        "repo:org/name:ref:refs/heads/main",
        "repo:org/name:pull_request",
        "repo:org/other:environment:staging",
        "repo:org/name-2:environment:staging",
        "repo:organization/name:environment:staging",
        "repo:org@1/other@2:environment:x/name@3:environment:staging",
    ):
        assert not aws.trusts(subject), subject
    assert not aws.trusts(SUBJECT, "another")
    assert not aws.trusts(SUBJECT, "sts.amazonaws.com", "https://token.example.org")


def test_permissions_of_the_workflow_are_limited(aws: Aws) -> None:
    """The workflow's role cannot change templates, read secrets or data, or grant permissions."""
    keys = {
        "aws_access_key_id": aws.github["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws.github["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": aws.github["AWS_SESSION_TOKEN"],
    }
    calls = (
        ("secretsmanager", "get_secret_value", {"SecretId": f"{PREFIX}/site"}),
        ("rds", "describe_db_instances", {}),
        ("s3", "list_buckets", {}),
        ("iam", "list_roles", {}),
        ("cloudformation", "delete_stack", {"StackName": f"{PREFIX}-service"}),
        ("cloudformation", "update_stack", {"StackName": f"{PREFIX}-base", "UsePreviousTemplate": True}),
        ("ecs", "update_service", {"cluster": "another", "service": "web"}),
        (
            "ecs",
            "run_task",
            {"cluster": PREFIX, "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/x:1"},
        ),
        ("ecs", "list_tasks", {"cluster": "another"}),
        ("logs", "filter_log_events", {"logGroupName": "/another"}),
    )
    for service, operation, arguments in calls:
        with pytest.raises(ClientError, match=r"(?i)access ?denied"):
            getattr(aws.create_client(service, **keys), operation)(**arguments)
    for task in (("aws.up",), ("aws.secret", "EMAIL_URL"), ("aws.plan",)):
        assert "refused" in get_error(aws.fab(*task, stdin="x", check=False))


def test_secret(aws: Aws) -> None:
    """`fab aws.secret` reads a value from standard input and never prints it."""
    output = aws.fab(
        "aws.secret", "SENTRY_DSN", as_owner=True, stdin="https://hunter2@sentry.test/1\n"
    ).stdout
    aws.fab("aws.restart", as_owner=True)
    script = "from config.environment import read; print('set' if read()['SENTRY_DSN'] else 'unset')"
    state = aws.fab("aws.manage", f'shell -c "{script}"').stdout
    assert re.search(r"\bset$", state, re.MULTILINE)
    assert "hunter2" not in output + state
    result = aws.fab("aws.secret", "NONSENSE", as_owner=True, stdin="x", check=False)
    assert "EMAIL_URL" in get_error(result)


def test_shell(aws: Aws, tmp_path: Path) -> None:
    """`fab aws.shell` opens a shell in a separate container, which ends with it; it needs Amazon's plugin."""
    assert "session-manager-plugin" in get_error(aws.fab("aws.shell", as_owner=True, check=False))
    plugin = tmp_path / "session-manager-plugin"
    arguments_file = tmp_path / "told"
    plugin.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {arguments_file}\n")
    plugin.chmod(0o755)
    before = aws.variables["PATH"]
    aws.variables["PATH"] = f"{tmp_path}:{before}"
    aws.fab("aws.shell", as_owner=True)
    aws.variables["PATH"] = before
    session, region, start, _, target, _ = arguments_file.read_text().splitlines()
    assert (region, start) == (REGION, "StartSession")
    assert "SessionId" in session
    assert f'"ecs:{PREFIX}_' in target
    tasks = aws.create_client("ecs").list_tasks(cluster=PREFIX, family=f"{PREFIX}-shell")
    assert tasks["taskArns"] == []


def test_plan_and_confirmation(aws: Aws, commit: str) -> None:
    """`fab aws.plan` lists resources that would be replaced; `fab aws.up` asks before replacing them."""
    file = aws.folder / "deploy" / "aws" / "staging.toml"
    file.write_text(file.read_text() + '[base]\nVpcCidr = "10.9.0.0/16"\n')
    output = aws.fab("aws.plan", as_owner=True).stdout
    assert re.search(r"^  ! Vpc .*REPLACED$", output, re.MULTILINE)
    result = aws.fab("aws.up", as_owner=True, check=False)
    assert get_error(result)
    [vpc] = [
        each["PhysicalResourceId"]
        for each in aws.create_client("cloudformation").describe_stack_resources(StackName=f"{PREFIX}-base")[
            "StackResources"
        ]
        if each["LogicalResourceId"] == "Vpc"
    ]
    vpcs = aws.create_client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert vpcs[0]["CidrBlock"] == "10.0.0.0/16"
    aws.reset(commit)
    output = aws.fab("aws.plan", as_owner=True).stdout
    assert output.count("no change") == 3


def test_credentials_are_explained(aws: Aws, commit: str) -> None:
    """Missing, invalid and another account's credentials get one line of explanation each."""
    credentials = aws.owner, aws.github
    aws.github = {}
    try:
        aws.owner = {"HOME": str(aws.folder.parent)}
        assert "no AWS credentials" in get_error(aws.fab("aws.status", check=False))
        aws.owner = {"AWS_ACCESS_KEY_ID": "AKIANOBODY", "AWS_SECRET_ACCESS_KEY": "x"}
        assert "credentials" in get_error(aws.fab("aws.status", check=False))
        aws.owner = {"AWS_ACCESS_KEY_ID": "111122223333", "AWS_SECRET_ACCESS_KEY": "test"}
        assert "111122223333" in get_error(aws.fab("aws.status", check=False))
    finally:
        aws.owner, aws.github = credentials


def test_down(aws: Aws) -> None:
    """`fab aws.down` asks and keeps the data; with `--data` it deletes all but a snapshot of the database."""
    assert get_error(aws.fab("aws.down", as_owner=True, check=False))
    assert is_serving(aws)
    aws.fab("aws.down", as_owner=True, stdin=f"{PREFIX}\n")
    formation = aws.create_client("cloudformation")
    with pytest.raises(ClientError):
        formation.describe_stacks(StackName=f"{PREFIX}-service")
    assert formation.describe_stacks(StackName=f"{PREFIX}-base")["Stacks"]
    aws.fab("aws.down", "--data", as_owner=True, stdin=f"{PREFIX}\n")
    for kind in ("base", "bootstrap"):
        with pytest.raises(ClientError):
            formation.describe_stacks(StackName=f"{PREFIX}-{kind}")
    assert aws.create_client("s3").list_buckets()["Buckets"] == []
