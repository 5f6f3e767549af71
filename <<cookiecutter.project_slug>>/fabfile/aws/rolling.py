"""A rolling release: the services' new containers, and a smoke test of the site."""

import http.client
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from invoke.exceptions import Exit

from fabfile.aws import command, logs, stacks
from fabfile.aws.account import Account

PAUSE = 3
# How long a service may take to become what its stack says, once CloudFormation is done.
STEADY_SECONDS = 900
# How long the site may not respond, or with a temporary error: the load balancer's, or /readyz's 503.
SMOKE_SECONDS = 60
TEMPORARY = {0, 502, 503, 504}
TRIES = 3
SERVICES = {"web": "WebTask"<< ', "worker": "WorkerTask"' if cookiecutter.tasks == 'database' else '' >>}


def services(aws: Account) -> dict[str, dict[str, Any]]:
    """Return ECS's description of each running service by its name."""
    found = aws.ecs.describe_services(cluster=aws.prefix, services=list(SERVICES))
    return {each["serviceName"]: each for each in found["services"] if each["status"] == "ACTIVE"}


def primary(service: dict[str, Any]) -> dict[str, Any]:
    """Return the current deployment of a service."""
    [found] = [each for each in service["deployments"] if each["status"] == "PRIMARY"]
    deployment: dict[str, Any] = found
    return deployment


def expected_definitions(aws: Account) -> dict[str, str]:
    """Return the stack's task definition of each running service."""
    stack = aws.environment.stack("service")
    return {
        name: aws.cloudformation.describe_stack_resource(
            StackName=stack, LogicalResourceId=SERVICES[name]
        )["StackResourceDetail"]["PhysicalResourceId"]
        for name in services(aws)
    }


def verify(aws: Account, definitions: dict[str, str]) -> None:
    """Wait until each service runs our task definition, and print the progress.

    "Stable" is not enough: a service is also stable after rolling back to the old release by
    itself. Raises Exit with the reason and the failed container's last lines in that case.
    """
    begin, printed = time.monotonic(), ""
    while True:
        states = {name: primary(service) for name, service in services(aws).items()}
        line = ", ".join(
            f"{name}: {state['runningCount']} of {state['desiredCount']} new containers run"
            for name, state in states.items()
        )
        if line != printed:
            printed = line
            print(f"{time.monotonic() - begin:5.0f} s  {line}", flush=True)
        for name, definition in definitions.items():
            state = states.get(name, {})
            ours = state.get("taskDefinition") == definition
            if not ours or state.get("rolloutState") == "FAILED":
                raise Exit(
                    f"The new release does not run as {name}.{describe_failure(aws, definition)}"
                )
        if all(each.get("rolloutState") == "COMPLETED" for each in states.values()):
            return
        if time.monotonic() - begin > STEADY_SECONDS:
            raise Exit(f"Not ready after {STEADY_SECONDS} s: {line}. See: fab aws.logs")
        time.sleep(PAUSE)


def describe_failure(aws: Account, definition: str) -> str:
    """Return why the last container of a task definition ended, with its last lines; "" if none has."""
    family, _, _ = definition.rpartition("/")[2].partition(":")
    listed = aws.ecs.list_tasks(cluster=aws.prefix, family=family, desiredStatus="STOPPED")
    if not listed["taskArns"]:
        return ""
    found = aws.ecs.describe_tasks(cluster=aws.prefix, tasks=listed["taskArns"][:100])["tasks"]
    ended = [task for task in found if task["taskDefinitionArn"] == definition]
    if not ended:
        return ""
    last = max(ended, key=lambda task: task["createdAt"])
    kind = family.removeprefix(f"{aws.prefix}-")
    lines = logs.last_lines(aws, logs.stream(kind, last["taskArn"]))
    return "\n".join([f" Its container ended: {command.reason(last)}. Its last log lines:", *lines])


# --- The site's own response --------------------------------------------------------------


def smoke_test(aws: Account) -> str:
    """Request the site's health checks and first page, and return its URL.

    Connects to the load balancer's own name, but with the site's host and, over HTTPS, its
    certificate, so it works before DNS points there. Raises Exit with a wrong response.
    """
    outputs = stacks.outputs(stacks.describe(aws, "service"))
    url, begin, tries = outputs["Url"], time.monotonic(), 0
    print(f"== Test {url}", flush=True)
    while True:
        status, problem = first_problem(url, outputs["LoadBalancer"])
        if not problem:
            return url
        tries += status not in TEMPORARY
        if tries == TRIES or time.monotonic() - begin > SMOKE_SECONDS:
            raise Exit(f"{url}{problem}")
        time.sleep(PAUSE)


def first_problem(url: str, balancer: str) -> tuple[int, str]:
    """Return the status and a description of the first wrong response; "" if all are right.

    The status is 0 if there is no response.
    """
    for path in ("/healthz", "/readyz", "/"):
        try:
            status, body = ask(url, balancer, path)
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{path} does not respond: {error}"
        if status >= 400:
            return status, f"{path} responds with {status}: {' '.join(body[:200].split())}"
    return 200, ""


def ask(url: str, balancer: str, path: str) -> tuple[int, str]:
    """Return the status and body of a response of the site; raise OSError if there is none."""
    parts = urlsplit(url)
    host = parts.hostname or balancer
    secure = parts.scheme == "https"
    connection = http.client.HTTPConnection(host, timeout=10)
    plain = socket.create_connection((balancer, 443 if secure else 80), timeout=10)
    try:
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            if secure
            else plain
        )
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()
        plain.close()
