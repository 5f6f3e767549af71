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
# How long a service may take to reach its stack's state after CloudFormation has finished.
STEADY_SECONDS = 900
# How long requests may fail or return a temporary error: the load balancer's, or /readyz's 503.
SMOKE_SECONDS = 60
TEMPORARY = {0, 502, 503, 504}
TRIES = 3
SERVICES = {"web": "WebTask"<< ', "worker": "WorkerTask"' if cookiecutter.tasks == 'database' else '' >>}


def list_services(aws: Account) -> dict[str, dict[str, Any]]:
    """Return ECS's description of each running service by its name."""
    result = aws.ecs.describe_services(cluster=aws.prefix, services=list(SERVICES))
    return {each["serviceName"]: each for each in result["services"] if each["status"] == "ACTIVE"}


def find_deployment(service: dict[str, Any]) -> dict[str, Any]:
    """Return the current deployment of a service."""
    [primary] = [each for each in service["deployments"] if each["status"] == "PRIMARY"]
    deployment: dict[str, Any] = primary
    return deployment


def find_expected_definitions(aws: Account) -> dict[str, str]:
    """Return the task definition that the stack has for each running service."""
    stack = aws.environment.stack("service")
    return {
        name: aws.cloudformation.describe_stack_resource(
            StackName=stack, LogicalResourceId=SERVICES[name]
        )["StackResourceDetail"]["PhysicalResourceId"]
        for name in list_services(aws)
    }


def verify(aws: Account, definitions: dict[str, str]) -> None:
    """Wait until each service runs its task definition of `definitions`, and print the progress.

    "Stable" is not enough: a service is also stable after it has rolled back to the old release.
    Raises Exit with the reason and the failed container's last log lines in that case.
    """
    begin, printed = time.monotonic(), ""
    while True:
        states = {name: find_deployment(service) for name, service in list_services(aws).items()}
        line = ", ".join(
            f"{name}: {state['runningCount']} of {state['desiredCount']} new containers run"
            for name, state in states.items()
        )
        if line != printed:
            printed = line
            print(f"{time.monotonic() - begin:5.0f} s  {line}", flush=True)
        for name, definition in definitions.items():
            state = states.get(name, {})
            is_current = state.get("taskDefinition") == definition
            if not is_current or state.get("rolloutState") == "FAILED":
                raise Exit(
                    f"The new release does not run as {name}.{describe_failure(aws, definition)}"
                )
        if all(each.get("rolloutState") == "COMPLETED" for each in states.values()):
            return
        if time.monotonic() - begin > STEADY_SECONDS:
            raise Exit(f"Not ready after {STEADY_SECONDS} s: {line}. See: fab aws.logs")
        time.sleep(PAUSE)


def describe_failure(aws: Account, definition: str) -> str:
    """Return why the last container of a task definition ended, with its log; "" if none has ended."""
    family, _, _ = definition.rpartition("/")[2].partition(":")
    stopped = aws.ecs.list_tasks(cluster=aws.prefix, family=family, desiredStatus="STOPPED")
    if not stopped["taskArns"]:
        return ""
    tasks = aws.ecs.describe_tasks(cluster=aws.prefix, tasks=stopped["taskArns"][:100])["tasks"]
    matching = [task for task in tasks if task["taskDefinitionArn"] == definition]
    if not matching:
        return ""
    last = max(matching, key=lambda task: task["createdAt"])
    kind = family.removeprefix(f"{aws.prefix}-")
    lines = logs.read_last_lines(aws, logs.stream_name(kind, last["taskArn"]))
    title = f" Its container ended: {command.describe_stop(last)}. Its last log lines:"
    return "\n".join([title, *lines])


# --- The site's own response --------------------------------------------------------------


def smoke_test(aws: Account) -> str:
    """Request the site's health checks and first page, and return its URL.

    Connects to the load balancer's own name, but with the site's host and, over HTTPS, its
    certificate, so it works before DNS points there. Raises Exit if a response is wrong.
    """
    outputs = stacks.outputs(stacks.describe(aws, "service"))
    url, begin, tries = outputs["Url"], time.monotonic(), 0
    print(f"== Test {url}", flush=True)
    while True:
        status, problem = find_problem(url, outputs["LoadBalancer"])
        if not problem:
            return url
        tries += status not in TEMPORARY
        if tries == TRIES or time.monotonic() - begin > SMOKE_SECONDS:
            raise Exit(f"{url}{problem}")
        time.sleep(PAUSE)


def find_problem(url: str, balancer: str) -> tuple[int, str]:
    """Return the status and a description of the first wrong response; "" if all are right.

    The status is 0 if there is no response.
    """
    for path in ("/healthz", "/readyz", "/"):
        try:
            status, body = request(url, balancer, path)
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{path} does not respond: {error}"
        if status >= 400:
            return status, f"{path} responds with {status}: {' '.join(body[:200].split())}"
    return 200, ""


def request(url: str, balancer: str, path: str) -> tuple[int, str]:
    """Request a path of the site, and return the status and body; raise OSError without a response."""
    parts = urlsplit(url)
    host = parts.hostname or balancer
    is_https = parts.scheme == "https"
    connection = http.client.HTTPConnection(host, timeout=10)
    plain = socket.create_connection((balancer, 443 if is_https else 80), timeout=10)
    try:
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            if is_https
            else plain
        )
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()
        plain.close()
