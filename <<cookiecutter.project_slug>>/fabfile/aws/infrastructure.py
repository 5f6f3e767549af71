"""Tasks that create, update and remove an environment on AWS."""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import image
from fabfile.aws import environment as environments
from fabfile.aws import registry, release, rolling, secrets, stacks
from fabfile.aws.account import Account, task
from fabfile.aws.release import HELP
from fabfile.aws.stacks import Plan

GITHUB = "token.actions.githubusercontent.com"


@task(help=HELP)
def plan(c: Context, environment: str = "") -> None:
    """Show what aws.up would create, change or remove."""
    aws = Account(environment)
    print_target(aws)
    for kind in environments.STACKS:
        if kind == "service" and not stacks.describe(aws, "base"):
            print(f"\n{aws.environment.stack(kind)}: created after the others")
            continue
        values = build_parameters(aws, kind)
        if kind == "service" and "ImageUri" not in values:
            # The resources do not depend on the image.
            values["ImageUri"] = f"image@sha256:{'0' * 64}"
        change = Plan(aws, kind, values)
        change.show()
        if not change.is_empty:
            change.discard()


@task(
    help={**HELP, "yes": "Replace and remove without asking", "dirty": "See fab --help aws.deploy"}
)
def up(c: Context, environment: str = "", yes: bool = False, dirty: bool = False) -> None:
    """Create or update an environment.

    The first time it also builds, pushes and starts this commit. Asks before it replaces or
    removes anything.
    """
    aws = Account(environment)
    print_target(aws)
    for kind in environments.STACKS:
        delete_failed_stack(aws, kind)
    is_new = not stacks.describe(aws, "service")
    if is_new:
        # Refuse uncommitted files before a database is created.
        image.find_commit(dirty)
    apply(aws, "bootstrap", yes)
    apply(aws, "base", yes)
    if is_new:
        secrets.require_mail(aws)
        apply(aws, "service", yes, ImageUri=build_first_image(c, aws, dirty))
        release.migrate(aws)
    else:
        apply(aws, "service", yes)
    rolling.verify(aws, rolling.find_expected_definitions(aws))
    print(f"The site is at {rolling.smoke_test(aws)}")
    print_next_steps(aws)


@task(help={**HELP, "data": "Also delete the database, uploads, secrets and images"})
def down(c: Context, environment: str = "", data: bool = False) -> None:
    """Remove an environment's site; keep its data for aws.up."""
    aws = Account(environment)
    print_target(aws)
    if data:
        print("This deletes the database (a final snapshot stays), every upload, secret and image.")
    else:
        print("This removes the site. Database, uploads, secrets and images stay, and cost money.")
    confirm(f"Type {aws.prefix} to continue: ", aws.prefix)
    delete(aws, "service")
    if not data:
        print(f"To create it again: fab aws.up -e {aws.environment.name}")
        return
    base = stacks.describe(aws, "base")
    if base:
        unprotect(aws, base)
        delete(aws, "base")
        response = stacks.outputs(base)
        aws.secretsmanager.delete_secret(
            SecretId=response["SiteSecrets"], ForceDeleteWithoutRecovery=True
        )
        delete_bucket(aws, response["Media"])
    delete(aws, "bootstrap")


# --- Steps --------------------------------------------------------------------------------


def print_target(aws: Account) -> None:
    """Print the account and region that will be changed."""
    target = aws.environment
    print(f"{target.name}: account {target.account}, region {target.region}, {target.file}")


def build_parameters(aws: Account, kind: str) -> dict[str, str]:
    """Return a stack's parameters: from its file, the outputs of base, and the running image."""
    body = environments.read_template(kind)
    response = aws.cloudformation.get_template_summary(TemplateBody=body)
    declared = {each["ParameterKey"] for each in response["Parameters"]}
    values = {"Prefix": aws.prefix, "Environment": aws.environment.name}
    old = stacks.parameters(stacks.describe(aws, kind))
    if kind == "bootstrap":
        values["CreateGitHubProvider"] = str(not has_github_provider(aws)).lower()
        # Keep the provider in this stack if it was created there.
        if old.get("CreateGitHubProvider") == "true":
            values["CreateGitHubProvider"] = "true"
    if kind == "service":
        values.update(stacks.outputs(stacks.describe(aws, "base")))
        values.update({name: old[name] for name in ("ImageUri", "PreviousImageUri") if name in old})
    values = {name: value for name, value in values.items() if name in declared}
    return {**values, **aws.environment.parameters[kind]}


def has_github_provider(aws: Account) -> bool:
    """Return whether another site or environment has already set up GitHub's tokens in the account."""
    providers = aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return any(each["Arn"].endswith(f"/{GITHUB}") for each in providers)


def build_first_image(c: Context, aws: Account, dirty: bool) -> str:
    """Build and push the site's first image, and return it by digest."""
    repository = stacks.outputs(stacks.describe(aws, "bootstrap"))["RepositoryUri"]
    architecture = aws.environment.parameters["service"].get("Architecture", "X86_64")
    return registry.build(c, aws, repository, architecture, dirty=dirty)


def delete_failed_stack(aws: Account, kind: str) -> None:
    """Delete the empty stack that a failed creation leaves: it blocks another attempt."""
    if (stacks.describe(aws, kind) or {}).get("StackStatus") == "ROLLBACK_COMPLETE":
        delete(aws, kind)


def apply(aws: Account, kind: str, yes: bool, **more: str) -> None:
    """Change a stack. Before a resource is lost, ask for confirmation; raise Exit without it."""
    change = Plan(aws, kind, {**build_parameters(aws, kind), **more})
    change.show()
    if change.is_empty:
        return
    if change.losses and not yes:
        try:
            confirm(f"\nThis loses {', '.join(change.losses)}. Type yes to continue: ", "yes")
        except Exit:
            change.discard()
            raise
    change.execute()


def confirm(question: str, word: str) -> None:
    """Ask for confirmation; raise Exit unless the user types this word."""
    try:
        answer = input(question)
    except EOFError:
        answer = ""
    if answer.strip() != word:
        raise Exit("\nNothing was changed.")


def print_next_steps(aws: Account) -> None:
    """Print the remaining manual steps."""
    role = stacks.outputs(stacks.describe(aws, "bootstrap")).get("DeployRole")
    if role:
        name = aws.environment.name
        print(f"In GitHub's environment {name}, set the variable AWS_DEPLOY_ROLE to {role}")
    response = stacks.outputs(stacks.describe(aws, "service"))
    if aws.environment.parameters["service"].get("CertificateArn"):
        print(f"Create a CNAME record from the host name to {response['LoadBalancer']}")


def delete(aws: Account, kind: str) -> None:
    """Delete a stack, if it exists, and wait until it is gone."""
    stack = stacks.describe(aws, kind)
    if not stack:
        return
    print(f"== Delete {aws.environment.stack(kind)}", flush=True)
    since = stacks.now()
    aws.cloudformation.delete_stack(StackName=aws.environment.stack(kind))
    stacks.wait(aws, kind, since, stack)


def unprotect(aws: Account, base: dict[str, Any]) -> None:
    """Disable the database's deletion protection."""
    if stacks.parameters(base)["Protect"] == "true":
        since = stacks.now()
        stacks.update(aws, "base", Protect="false")
        stacks.wait(aws, "base", since)


def delete_bucket(aws: Account, bucket: str) -> None:
    """Delete a bucket with every version of every file in it."""
    print(f"== Delete the bucket {bucket}", flush=True)
    for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        objects = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        if objects:
            aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    aws.s3.delete_bucket(Bucket=bucket)
