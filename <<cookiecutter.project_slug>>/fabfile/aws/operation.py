"""Tasks that inspect the site on AWS, and run commands in it."""

import json
import shlex
import shutil
import subprocess
import time
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from fabfile.aws import command, registry, release, rolling, stacks
from fabfile.aws.account import Account, task
from fabfile.aws.logs import PAUSE, Stream
from fabfile.aws.release import HELP

PLUGIN = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
SHELL_HOURS = 4


@task(help=HELP)
def status(c: Context, environment: str = "") -> None:
    """Show the release, its health and its URL."""
    aws = Account(environment)
    stack = stacks.describe(aws, "service")
    if not stack:
        raise Exit(f"{aws.environment.name} has not been created yet. Type: fab aws.up")
    now = release.describe(aws)
    previous = now["PreviousImageUri"]
    rows = [
        ("site", now["Url"]),
        ("release", registry.find_release(aws, now["ImageUri"])),
        ("before", registry.find_release(aws, previous) if previous != "none" else "none"),
        ("stack", f"{stack['StackName']} {stack['StackStatus'].lower()}"),
        *[(name, describe(each)) for name, each in sorted(rolling.list_services(aws).items())],
        ("targets", count_targets(aws, now["Targets"])),
        ("alarms", list_alarms(aws)),
        ("health", rolling.find_problem(now["Url"], now["LoadBalancer"])[1] or "all is well"),
    ]
    for name, value in rows:
        print(f"{name:<10} {value}")


@task(
    help={
        **HELP,
        "kind": "web, << 'worker, ' if cookiecutter.tasks == 'database' else '' >>migrate or manage (default: all)",
        "follow": "Keep printing new lines",
        "minutes": "Start this many minutes ago",
    }
)
def logs(
    c: Context, kind: str = "", environment: str = "", minutes: int = 10, follow: bool = True
) -> None:
    """Show the site's log and follow it; stop with Ctrl-C."""
    aws = Account(environment)
    since = int((time.time() - minutes * 60) * 1000)
    stream = Stream(aws, prefix=f"{kind}/" if kind else "", since_ms=since)
    try:
        stream.show()
        while follow:
            time.sleep(PAUSE)
            stream.show()
    except KeyboardInterrupt:
        print()


@task(help={**HELP, "line": 'The command and its arguments, in quotes: "check --deploy"'})
def manage(c: Context, line: str, environment: str = "") -> None:
    """Run a Django command: fab aws.manage "check".

    It runs in a separate container; the task prints its log and has its exit code.
    """
    aws = Account(environment)
    code = command.run(aws, "manage", ["python", "manage.py", *shlex.split(line)])
    if code:
        raise Exit(f"The command failed with exit code {code}.", code=code)


@task(help=HELP)
def shell(c: Context, environment: str = "") -> None:
    """Open a shell in a separate container, with the code.

    The container can write to its disk, unlike those that serve, and ends with the shell.
    """
    if not shutil.which("session-manager-plugin"):
        raise Exit(f"A shell needs Amazon's session-manager-plugin: {PLUGIN}")
    aws = Account(environment)
    sleep = ["sleep", str(SHELL_HOURS * 3600)]
    with command.register_definition(aws, "shell", sleep, terminal=True) as (definition, service):
        arn = command.start(aws, definition, service, terminal=True)
        try:
            connect(aws, arn)
        finally:
            aws.ecs.stop_task(cluster=aws.prefix, task=arn, reason="The shell has ended")


@task(help=HELP)
def restart(c: Context, environment: str = "") -> None:
    """Restart all containers with the current secrets."""
    aws = Account(environment)
    stacks.require(aws, "service")
    release.restart(aws)


# --- Steps --------------------------------------------------------------------------------


def describe(service: dict[str, Any]) -> str:
    """Describe a service in a few words."""
    count = f"{service['runningCount']} of {service['desiredCount']} run"
    deployment = rolling.find_deployment(service)
    return f"{count}, deployment {deployment.get('rolloutState', 'unknown').lower()}"


def count_targets(aws: Account, group: str) -> str:
    """Return the number of containers in each state of the load balancer's health check."""
    response = aws.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = [each["TargetHealth"]["State"] for each in response]
    return ", ".join(f"{states.count(name)} {name}" for name in sorted(set(states))) or "none"


def list_alarms(aws: Account) -> str:
    """Return the active alarms."""
    response = aws.cloudwatch.describe_alarms(AlarmNamePrefix=f"{aws.prefix}-", StateValue="ALARM")
    return ", ".join(each["AlarmName"] for each in response["MetricAlarms"]) or "none"


def connect(aws: Account, arn: str) -> None:
    """Open a terminal in a container once its agent is running; raise Exit if it does not start."""
    print("Starting a container, which takes about a minute ...", flush=True)
    begin = time.monotonic()
    while True:
        [response] = aws.ecs.describe_tasks(cluster=aws.prefix, tasks=[arn])["tasks"]
        if response["lastStatus"] == "STOPPED" or time.monotonic() - begin > 300:
            raise Exit(f"The container cannot be reached: {command.describe_stop(response)}")
        agents = response["containers"][0].get("managedAgents", [])
        states = {response["lastStatus"], *(each.get("lastStatus") for each in agents)}
        if agents and states == {"RUNNING"}:
            break
        time.sleep(PAUSE)
    session = aws.ecs.execute_command(
        cluster=aws.prefix, task=arn, container=command.CONTAINER, command="bash", interactive=True
    )["session"]
    container = response["containers"][0]["runtimeId"]
    target = {"Target": f"ecs:{aws.prefix}_{arn.rpartition('/')[2]}_{container}"}
    # The plugin takes the arguments that the AWS CLI passes.
    arguments = {
        "SessionId": session["sessionId"],
        "StreamUrl": session["streamUrl"],
        "TokenValue": session["tokenValue"],
    }
    region = aws.environment.region
    plugin = ["session-manager-plugin", json.dumps(arguments), region, "StartSession", ""]
    subprocess.run([*plugin, json.dumps(target), f"https://ssm.{region}.amazonaws.com"])
