"""The site on AWS, end to end: an emulator runs the real image and enforces IAM's policies."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Bake
from tests.docker import aws as account
from tests.docker import engine
from tests.docker.aws import ACCOUNT, PREFIX, REGION, Aws

HOME = "apps/core/templates/core/home.html"
PASSWORD = "correct-horse-battery"
SUBJECT = "repo:org/name:environment:staging"

# Every right that a deployment of an image that is there already makes use of.
RIGHTS = (
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
    """Return an account in which staging runs, and the rights of GitHub's workflow."""
    account.build()
    folder = account.copy(bake_once(deploy="aws", tasks="database"), tmp_path_factory.mktemp("aws"))
    aws = Aws(folder, project_variables, build_options)
    try:
        aws.client("iam").create_open_id_connect_provider(
            Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
        )
        refused = aws.fab("aws.up", check=False)
        assert "EMAIL_URL" in refused.stdout.splitlines()[-1]
        aws.fab("aws.secret", "EMAIL_URL", says="smtp+plain://localhost:25")
        aws.fab("aws.up")
        aws.github = aws.token(SUBJECT)
        yield aws
    finally:
        aws.remove()


@pytest.fixture
def commit(aws: Aws) -> Iterator[str]:
    """Return the commit that runs; in the end the checkout and what runs are this one again."""
    commit = aws.head()
    yield commit
    aws.reset(commit)
    if not deployed(aws).endswith(digest(aws, commit)):
        aws.fab("aws.rollback", "--release", commit)
    # On a busy machine a container may just be replaced.
    engine.wait_until(lambda: runs(aws, commit), 60, "the release of before")


def clear(result) -> str:
    """Return what a task that failed says last; it has failed, and not by a traceback."""
    assert result.returncode != 0, result.stdout
    assert 'File "/' not in result.stdout.replace('File "/opt', "").replace('File "/app', ""), result.stdout
    return result.stdout.strip().splitlines()[-1]


def serves(aws: Aws, text: str = "") -> bool:
    """Whether the first page is there, with this text."""
    home = aws.get("/")
    return home.status == 200 and text in home.body


def test_page_and_admin(aws: Aws) -> None:
    """After `fab aws.up` the site serves its page and its admin over HTTPS through the load balancer."""
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
    cookies = engine.cookie_line(page.cookies)
    headers = {"Cookie": cookies, "Referer": f"https://{account.HOST}/admin/login/"}
    signed_in = aws.get("/admin/login/?next=/admin/", form, **headers)
    assert signed_in.status == 302, signed_in.body
    admin = aws.get("/admin/", Cookie=engine.cookie_line(signed_in.cookies))
    assert admin.status == 200
    assert "/admin/logout/" in admin.body


def test_database_is_postgresql_with_tls(aws: Aws) -> None:
    """The database is PostgreSQL, and the connection to it is encrypted."""
    script = (
        "from django.db import connection as c; c.ensure_connection();"
        " print(c.vendor, 'encrypted' if c.connection.pgconn.ssl_in_use else 'open')"
    )
    assert "postgresql encrypted" in aws.fab("aws.manage", f'shell -c "{script}"').stdout


def test_uploads_by_the_tasks_role(aws: Aws) -> None:
    """Uploads go into the bucket with the containers' role, which has no other permissions."""
    script = (
        "from django.core.files.storage import default_storage as s;"
        "from django.core.files.base import ContentFile as C;"
        "print(s.open(s.save('x.txt', C(b'kept'))).read());"
        "import boto3; boto3.client('s3').list_buckets()"
    )
    result = aws.fab("aws.manage", f'shell -c "{script}"', check=False)
    assert "b'kept'" in result.stdout
    assert "AccessDenied" in result.stdout
    assert clear(result)


def test_worker_runs_tasks(aws: Aws) -> None:
    """The worker's service runs background tasks."""
    enqueue = "from apps.tasks.tasks import delete_old_results as t; print(t.enqueue().id)"
    aws.fab("aws.manage", f'shell -c "{enqueue}"')
    ask = "from django_tasks_db.models import DBTaskResult as R; print([r.status for r in R.objects.all()])"

    def succeeded() -> bool:
        return "SUCCESSFUL" in aws.fab("aws.manage", f'shell -c "{ask}"').stdout

    engine.wait_until(succeeded, 60, "the task")


def test_exit_code_of_a_command(aws: Aws) -> None:
    """`fab aws.manage` prints what the command prints, and ends with its exit code."""
    assert "no issues" in aws.fab("aws.manage", "check --deploy").stdout
    script = "import sys; sys.exit(7)"
    failed = aws.fab("aws.manage", f'shell -c "{script}"', check=False)
    assert failed.returncode == 7


def test_status(aws: Aws, commit: str) -> None:
    """`fab aws.status` prints the release, its health and its URL."""
    output = aws.fab("aws.status").stdout
    assert commit in output
    assert f"https://{account.HOST}" in output
    assert re.search(r"^targets +1 healthy$", output, re.MULTILINE)


def test_deploy_and_rollback(aws: Aws, commit: str) -> None:
    """A commit is deployed with the workflow's role; a rollback returns to the previous release, or any."""
    newer = aws.edit(HOME, "<!-- newer -->\n")
    aws.fab("aws.deploy")
    assert newer in aws.fab("aws.status").stdout
    aws.fab("aws.rollback")
    assert re.search(rf"^release +{commit}$", aws.fab("aws.status").stdout, re.MULTILINE)
    aws.fab("aws.rollback", "--release", newer[:9])
    assert re.search(rf"^release +{newer}$", aws.fab("aws.status").stdout, re.MULTILINE)
    aws.fab("aws.rollback", "--release", commit)
    assert serves(aws)


def test_uncommitted_files_are_refused(aws: Aws, commit: str) -> None:
    """Uncommitted changes are not deployed."""
    (aws.folder / "apps/new.py").write_text("")
    assert "apps/new.py" in clear(aws.fab("aws.deploy", check=False))
    (aws.folder / "apps/new.py").unlink()


def test_migration_that_fails(aws: Aws, commit: str) -> None:
    """A migration that fails ends the deployment before the service is touched."""
    before = aws.client("ecs").describe_services(cluster=PREFIX, services=["web"])["services"][0]
    *_, last = sorted(file.stem for file in (aws.folder / "apps/accounts/migrations").glob("0*.py"))
    (aws.folder / "apps/accounts/migrations/9999_broken.py").write_text(
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [('accounts', '{last}')]\n"
        "    operations = [migrations.RunSQL('SELECT 1 / 0')]\n"
    )
    aws.commit()
    failed = aws.fab("aws.deploy", check=False)
    assert "division by zero" in failed.stdout
    assert clear(failed)
    after = aws.client("ecs").describe_services(cluster=PREFIX, services=["web"])["services"][0]
    assert after["deployments"] == before["deployments"]
    assert serves(aws)


def test_image_that_cannot_be_built(aws: Aws, commit: str) -> None:
    """An image that cannot be built changes nothing."""
    aws.edit("config/urls.py", "\nthis is no Python\n")
    assert clear(aws.fab("aws.deploy", check=False))
    assert serves(aws)


def test_image_that_is_not_taken(aws: Aws, commit: str) -> None:
    """A repository that refuses access changes nothing."""
    aws.edit(HOME, "<!-- not taken -->\n")
    with without(aws, "ecr:GetAuthorizationToken"):
        assert "GetAuthorizationToken" in clear(aws.fab("aws.deploy", check=False))
    assert serves(aws)


def test_release_that_does_not_start(aws: Aws, commit: str) -> None:
    """A release that ends at its start is rolled back, and its last lines are shown."""
    aws.edit("config/gunicorn.py", "\nraise SystemExit('nothing works')\n")
    failed = aws.fab("aws.deploy", check=False)
    assert failed.returncode != 0
    assert "nothing works" in failed.stdout
    assert "exit code 1" in failed.stdout
    assert_runs(aws, commit)


def test_release_whose_page_fails(aws: Aws, commit: str) -> None:
    """A release that starts, but whose first page is an error, is rolled back."""
    aws.edit("apps/core/views.py", "\n\nHomeView.get = None\n")
    failed = aws.fab("aws.deploy", check=False)
    assert "responds with 500" in failed.stdout
    assert clear(failed)
    assert_runs(aws, commit)


@pytest.fixture(scope="module")
def other(aws: Aws) -> str:
    """Return another commit, whose image has been pushed already."""
    before = aws.head()
    other = aws.edit(HOME, "<!-- other -->\n")
    aws.fab("aws.deploy")
    aws.reset(before)
    aws.fab("aws.rollback")
    return other


@pytest.mark.parametrize("right", RIGHTS)
def test_right_taken_away(aws: Aws, other: str, commit: str, right: str) -> None:
    """Whichever step AWS refuses, the old release serves, and one line says what was refused."""
    aws.reset(other)
    with without(aws, right):
        failed = aws.fab("aws.deploy", check=False)
    assert right.partition(":")[2] in clear(failed)
    assert_runs(aws, commit)


class without:  # noqa: N801
    """Takes one right away from the workflow's role, for a while."""

    def __init__(self, aws: Aws, right: str) -> None:
        """Remember which."""
        self.iam, self.right = aws.client("iam"), right
        self.where = {"RoleName": f"{PREFIX}-deploy", "PolicyName": "without"}

    def __enter__(self) -> None:
        """Deny it."""
        policy = (
            '{"Version": "2012-10-17", "Statement":'
            f' [{{"Effect": "Deny", "Action": "{self.right}", "Resource": "*"}}]}}'
        )
        self.iam.put_role_policy(**self.where, PolicyDocument=policy)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.iam.delete_role_policy(**self.where)


def assert_runs(aws: Aws, commit: str) -> None:
    """Fail unless this commit serves, and the stack says so too."""
    engine.wait_until(lambda: runs(aws, commit) and serves(aws), 60, "the old release")
    assert deployed(aws).endswith(digest(aws, commit))


def deployed(aws: Aws) -> str:
    """Return the image that the stack names."""
    [stack] = aws.client("cloudformation").describe_stacks(StackName=f"{PREFIX}-service")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    return parameters["ImageUri"]


def runs(aws: Aws, commit: str) -> bool:
    """Whether site and worker run the image of this commit, with as many containers as they should."""
    ecs = aws.client("ecs")
    services = ecs.describe_services(cluster=PREFIX, services=["web", "worker"])["services"]
    used = [ecs.describe_task_definition(taskDefinition=each["taskDefinition"]) for each in services]
    images = [each["taskDefinition"]["containerDefinitions"][0]["image"] for each in used]
    return all(image.endswith(digest(aws, commit)) for image in images) and all(
        each["runningCount"] == each["desiredCount"] for each in services
    )


def digest(aws: Aws, commit: str) -> str:
    """Return the digest of a commit's image."""
    wanted = [{"imageTag": commit}]
    return aws.client("ecr").describe_images(repositoryName=PREFIX, imageIds=wanted)["imageDetails"][0][
        "imageDigest"
    ]


def test_second_deployment_is_refused(aws: Aws, commit: str) -> None:
    """While one deployment migrates, another is refused."""
    ecs = aws.client("ecs")
    [web] = ecs.describe_services(cluster=PREFIX, services=["web"])["services"]
    used = ecs.describe_task_definition(taskDefinition=web["taskDefinition"])["taskDefinition"]
    [container] = used["containerDefinitions"]
    ecs.register_task_definition(
        family=f"{PREFIX}-migrate",
        taskRoleArn=used["taskRoleArn"],
        containerDefinitions=[{**container, "command": ["sleep", "60"]}],
    )
    task = ecs.run_task(cluster=PREFIX, taskDefinition=f"{PREFIX}-migrate")["tasks"][0]["taskArn"]
    refused = aws.fab("aws.deploy", check=False)
    ecs.stop_task(cluster=PREFIX, task=task)
    assert clear(refused)
    assert "== Migrate" not in refused.stdout


def test_workflows_that_are_let_in(aws: Aws) -> None:
    """GitHub's workflow for this environment is let in, by either form of its name, and no other workflow."""
    assert aws.trusts(SUBJECT)
    assert aws.trusts("repo:org@123/name@456:environment:staging")
    for other in (
        "repo:org/name:environment:production",
        "repo:org/name:ref:refs/heads/main",
        "repo:org/name:pull_request",
        "repo:org/other:environment:staging",
        "repo:org/name-2:environment:staging",
        "repo:organization/name:environment:staging",
        "repo:org@1/other@2:environment:x/name@3:environment:staging",
    ):
        assert not aws.trusts(other), other
    assert not aws.trusts(SUBJECT, "another")
    assert not aws.trusts(SUBJECT, "sts.amazonaws.com", "https://token.example.org")


def test_workflows_rights_end_here(aws: Aws) -> None:
    """The workflow's role cannot change templates, read secrets or data, or grant permissions."""
    keys = {
        "aws_access_key_id": aws.github["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws.github["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": aws.github["AWS_SESSION_TOKEN"],
    }
    tried = (
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
    for service, operation, arguments in tried:
        with pytest.raises(ClientError, match=r"(?i)access ?denied"):
            getattr(aws.client(service, **keys), operation)(**arguments)
    for task in (("aws.up",), ("aws.secret", "EMAIL_URL"), ("aws.plan",)):
        assert "refused" in clear(aws.fab(*task, says="x", check=False))


def test_secret(aws: Aws) -> None:
    """A secret is read from standard input, never printed, and known to restarted containers."""
    output = aws.fab("aws.secret", "SENTRY_DSN", owner=True, says="https://hunter2@sentry.test/1\n").stdout
    aws.fab("aws.restart", owner=True)
    script = "from config.environment import read; print('set' if read()['SENTRY_DSN'] else 'unset')"
    known = aws.fab("aws.manage", f'shell -c "{script}"').stdout
    assert re.search(r"\bset$", known, re.MULTILINE)
    assert "hunter2" not in output + known
    unknown = aws.fab("aws.secret", "NONSENSE", owner=True, says="x", check=False)
    assert "EMAIL_URL" in clear(unknown)


def test_shell(aws: Aws, tmp_path: Path) -> None:
    """A shell gets a separate container, which ends with it; Amazon's plugin connects to it."""
    assert "session-manager-plugin" in clear(aws.fab("aws.shell", owner=True, check=False))
    plugin = tmp_path / "session-manager-plugin"
    told = tmp_path / "told"
    plugin.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {told}\n")
    plugin.chmod(0o755)
    before = aws.variables["PATH"]
    aws.variables["PATH"] = f"{tmp_path}:{before}"
    aws.fab("aws.shell", owner=True)
    aws.variables["PATH"] = before
    session, region, start, _, target, _ = told.read_text().splitlines()
    assert (region, start) == (REGION, "StartSession")
    assert "SessionId" in session
    assert f'"ecs:{PREFIX}_' in target
    listed = aws.client("ecs").list_tasks(cluster=PREFIX, family=f"{PREFIX}-shell")
    assert listed["taskArns"] == []


def test_plan_and_refusal(aws: Aws, commit: str) -> None:
    """`fab aws.plan` lists what a changed file would replace; `fab aws.up` asks before replacing it."""
    file = aws.folder / "deploy" / "aws" / "staging.toml"
    file.write_text(file.read_text() + '[base]\nVpcCidr = "10.9.0.0/16"\n')
    planned = aws.fab("aws.plan", owner=True).stdout
    assert re.search(r"^  ! Vpc .*REPLACED$", planned, re.MULTILINE)
    refused = aws.fab("aws.up", owner=True, check=False)
    assert clear(refused)
    [vpc] = [
        each["PhysicalResourceId"]
        for each in aws.client("cloudformation").describe_stack_resources(StackName=f"{PREFIX}-base")[
            "StackResources"
        ]
        if each["LogicalResourceId"] == "Vpc"
    ]
    found = aws.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert found[0]["CidrBlock"] == "10.0.0.0/16"
    aws.reset(commit)
    nothing = aws.fab("aws.plan", owner=True).stdout
    assert nothing.count("no change") == 3


def test_credentials_are_explained(aws: Aws, commit: str) -> None:
    """Missing, unknown and another account's credentials get one line each."""
    known = aws.owner, aws.github
    aws.github = {}
    try:
        aws.owner = {"HOME": str(aws.folder.parent)}
        assert "no AWS credentials" in clear(aws.fab("aws.status", check=False))
        aws.owner = {"AWS_ACCESS_KEY_ID": "AKIANOBODY", "AWS_SECRET_ACCESS_KEY": "x"}
        assert "credentials" in clear(aws.fab("aws.status", check=False))
        aws.owner = {"AWS_ACCESS_KEY_ID": "111122223333", "AWS_SECRET_ACCESS_KEY": "test"}
        assert "111122223333" in clear(aws.fab("aws.status", check=False))
    finally:
        aws.owner, aws.github = known


def test_zz_down(aws: Aws) -> None:
    """`fab aws.down` asks, and keeps the data; `--data` leaves nothing but the database's last snapshot."""
    assert clear(aws.fab("aws.down", owner=True, check=False))
    assert serves(aws)
    aws.fab("aws.down", owner=True, says=f"{PREFIX}\n")
    formation = aws.client("cloudformation")
    with pytest.raises(ClientError):
        formation.describe_stacks(StackName=f"{PREFIX}-service")
    assert formation.describe_stacks(StackName=f"{PREFIX}-base")["Stacks"]
    aws.fab("aws.down", "--data", owner=True, says=f"{PREFIX}\n")
    for kind in ("base", "bootstrap"):
        with pytest.raises(ClientError):
            formation.describe_stacks(StackName=f"{PREFIX}-{kind}")
    assert aws.client("s3").list_buckets()["Buckets"] == []
