"""Tasks that deploy a release to AWS, and roll it back."""

from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile import image
from fabfile.aws import command, registry, rolling, stacks
from fabfile.aws.account import Account, task

HELP = {"environment": "staging or production: a file of deploy/aws/"}
MIGRATE = ["python", "manage.py", "wait_and_migrate"]


@task(help={**HELP, "dirty": "Deploy uncommitted changes too"})
def deploy(c: Context, environment: str = "", dirty: bool = False) -> None:
    """Build, push, migrate and roll out this commit.

    If a step fails, the old release keeps serving, and the exit code is not 0.
    """
    aws = Account(environment)
    stack = stacks.require(aws, "service")
    refuse_second_deployment(aws)
    now = stacks.parameters(stack)
    repository = now["ImageUri"].partition("@")[0]
    uri = registry.build(c, aws, repository, now["Architecture"], dirty=dirty)
    migrate(aws, uri)
    if uri == now["ImageUri"]:
        print(f"This release is already running: {rolling.smoke_test(aws)}")
    else:
        roll_out(aws, uri, now)


@task(
    help={**HELP, "release": "A commit, tag or branch (default: the previous release)"},
)
def rollback(c: Context, release: str = "", environment: str = "") -> None:
    """Return to the previous release, or to a given one.

    Migrations are not reversed.
    """
    aws = Account(environment)
    now = stacks.parameters(stacks.require(aws, "service"))
    repository = now["ImageUri"].partition("@")[0]
    uri = now["PreviousImageUri"]
    if release:
        digest = registry.find_digest(aws, image.resolve_commit(release))
        if not digest:
            raise Exit(f"No image has been pushed for {release}; the last 30 are kept.")
        uri = f"{repository}@{digest}"
    if uri == "none":
        raise Exit("There is no previous release.")
    if uri == now["ImageUri"]:
        raise Exit("That release is already running.")
    print(f"Returning to {registry.find_release(aws, uri)}. Migrations are not reversed.")
    roll_out(aws, uri, now)


def refuse_second_deployment(aws: Account) -> None:
    """Raise Exit if another deployment is migrating; `stacks.require` detects one that rolls out."""
    tasks = aws.ecs.list_tasks(cluster=aws.prefix, family=f"{aws.prefix}-migrate")
    if tasks["taskArns"]:
        raise Exit("Another deployment is migrating the database: wait until it ends.")


def migrate(aws: Account, uri: str = "") -> None:
    """Migrate the database with a new image before it serves, or with the running one.

    Raises Exit if that fails.
    """
    print("== Migrate", flush=True)
    code = command.run(aws, "migrate", MIGRATE, uri)
    if code:
        raise Exit(
            f"The migration failed with exit code {code}: the lines above say why."
            " The old release keeps serving."
        )


def roll_out(aws: Account, uri: str, before: dict[str, str]) -> None:
    """Replace the running image; roll back if the new one fails.

    `before` are the stack's current parameters. Raises Exit with the reason if it fails.
    """
    print(f"== Roll out {registry.find_release(aws, uri)}", flush=True)
    since = stacks.now()
    try:
        stacks.update(aws, "service", ImageUri=uri, PreviousImageUri=before["ImageUri"])
        stacks.wait(aws, "service", since)
        rolling.verify(aws, rolling.find_expected_definitions(aws))
        url = rolling.smoke_test(aws)
    except KeyboardInterrupt:
        name = aws.environment.name
        raise Exit(
            f"\nAWS continues the deployment. See: fab aws.status -e {name}"
            f" and, to undo it: fab aws.rollback -e {name}"
        ) from None
    except Exception as error:
        restore_release(aws, before, error)
        raise
    print(f"{registry.find_release(aws, uri)} is running: {url}")


def restore_release(aws: Account, before: dict[str, str], reason: Exception) -> None:
    """Roll the stack back to its earlier parameters, unless CloudFormation has already done so."""
    print(f"\n{str(reason).splitlines()[0]}\n== Roll back", flush=True)
    try:
        stack = stacks.describe(aws, "service") or {}
        if stack.get("StackStatus", "").endswith("_IN_PROGRESS"):
            wait_for_rollback(aws)
        if stacks.parameters(stacks.require(aws, "service")) != before:
            old = {name: before[name] for name in ("ImageUri", "PreviousImageUri")}
            since = stacks.now()
            stacks.update(aws, "service", **old)
            stacks.wait(aws, "service", since)
        rolling.verify(aws, rolling.find_expected_definitions(aws))
    except Exception as error:
        name = aws.environment.name
        print(f"The rollback failed too: {error}\nTo see what runs now: fab aws.status -e {name}")
        return
    print("The old release is serving.")


def wait_for_rollback(aws: Account) -> None:
    """Wait until CloudFormation's own rollback ends, and print the Exit that this raises."""
    try:
        stacks.wait(aws, "service", stacks.now())
    except Exit as error:
        print(error)


def restart(aws: Account) -> None:
    """Restart every container with the current image and the current secrets."""
    running = rolling.list_services(aws)
    definitions = {name: each["taskDefinition"] for name, each in running.items()}
    for name in running:
        aws.ecs.update_service(cluster=aws.prefix, service=name, forceNewDeployment=True)
    rolling.verify(aws, definitions)
    print(f"The containers were restarted: {rolling.smoke_test(aws)}")


def describe(aws: Account) -> dict[str, Any]:
    """Return the parameters and outputs of the service's stack."""
    stack = stacks.describe(aws, "service")
    return {**stacks.parameters(stack), **stacks.outputs(stack)}
