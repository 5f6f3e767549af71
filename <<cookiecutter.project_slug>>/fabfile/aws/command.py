"""Run a command in a separate container on AWS, with its output and exit code."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from invoke.exceptions import Exit

from fabfile.aws import logs
from fabfile.aws.account import Account

PAUSE = 2
CONTAINER = "site"
# A new task definition has these settings of the site's.
COPIED = (
    *("executionRoleArn", "taskRoleArn", "networkMode", "containerDefinitions", "volumes"),
    *("requiresCompatibilities", "cpu", "memory", "runtimePlatform"),
)


def find_web_service(aws: Account) -> dict[str, Any]:
    """Return the service that serves the site; raise Exit if there is none."""
    services = aws.ecs.describe_services(cluster=aws.prefix, services=["web"])["services"]
    if not services or services[0]["status"] != "ACTIVE":
        name = aws.environment.name
        raise Exit(f"{name} is not running. Type: fab aws.up --environment {name}")
    service: dict[str, Any] = services[0]
    return service


@contextmanager
def register_definition(
    aws: Account, kind: str, command: list[str], image: str = "", *, terminal: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a temporary task definition for one command, and the service that it was copied from.

    It differs from the site's in the command, the log stream (`kind`) and, if given, the image.
    With `terminal` it has a writable disk and the role that ECS Exec needs.
    """
    service = find_web_service(aws)
    current = aws.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    new = {name: value for name, value in current["taskDefinition"].items() if name in COPIED}
    [container] = new["containerDefinitions"]
    container.update(command=command, image=image or container["image"])
    container["logConfiguration"]["options"]["awslogs-stream-prefix"] = kind
    if terminal:
        container["readonlyRootFilesystem"] = False
        new["taskRoleArn"] = new["taskRoleArn"].removesuffix("-task") + "-shell"
    response = aws.ecs.register_task_definition(family=f"{aws.prefix}-{kind}", **new)
    arn = response["taskDefinition"]["taskDefinitionArn"]
    try:
        yield arn, service
    finally:
        aws.ecs.deregister_task_definition(taskDefinition=arn)


def start(
    aws: Account, task_definition: str, service: dict[str, Any], *, terminal: bool = False
) -> str:
    """Start a container in the site's cluster and return its task; raise Exit if that fails."""
    response = aws.ecs.run_task(
        cluster=aws.prefix,
        taskDefinition=task_definition,
        launchType="FARGATE",
        networkConfiguration=service["networkConfiguration"],
        enableExecuteCommand=terminal,
        startedBy="fab",
    )
    if not response["tasks"]:
        raise Exit(f"AWS did not start the container: {response['failures']}")
    return str(response["tasks"][0]["taskArn"])


def run(aws: Account, kind: str, command: list[str], image: str = "") -> int:
    """Run a command, print its output as it arrives, and return its exit code.

    Raises Exit with AWS's reason if the container could not be started; Ctrl-C stops it.
    """
    with register_definition(aws, kind, command, image) as (task_definition, service):
        task = start(aws, task_definition, service)
        try:
            return follow(aws, kind, task)
        except BaseException:
            aws.ecs.stop_task(cluster=aws.prefix, task=task, reason="fab was interrupted")
            raise


def follow(aws: Account, kind: str, task: str) -> int:
    """Print a task's lines until it has ended, and return its exit code."""
    log = logs.Stream(aws, logs.stream_name(kind, task))
    begin, status = time.monotonic(), ""
    while True:
        [response] = aws.ecs.describe_tasks(cluster=aws.prefix, tasks=[task])["tasks"]
        if response["lastStatus"] != status:
            status = response["lastStatus"]
            print(f"{time.monotonic() - begin:5.0f} s  {status.lower()}", flush=True)
        log.show()
        if status == "STOPPED":
            break
        time.sleep(PAUSE)
    log.show_rest()
    code = response["containers"][0].get("exitCode")
    if code is None:
        raise Exit(f"The container did not run: {describe_stop(response)}")
    return int(code)


def describe_stop(task: dict[str, Any]) -> str:
    """Return AWS's reason for a task's end, and the exit code."""
    [container] = [each for each in task["containers"] if each["name"] == CONTAINER]
    code = container.get("exitCode")
    reasons = [
        task.get("stoppedReason", ""),
        container.get("reason", ""),
        "" if code is None else f"exit code {code}",
    ]
    return "; ".join(reason for reason in reasons if reason) or "AWS gives no reason"
