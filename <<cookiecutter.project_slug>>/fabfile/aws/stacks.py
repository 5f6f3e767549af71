"""CloudFormation: read a stack, plan a change, and follow it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from invoke.exceptions import Exit

from fabfile.aws import environment
from fabfile.aws.account import Account, get_error_code

# How often CloudFormation is polled, in seconds.
PAUSE = 3
# How often a line is printed while nothing else happens.
HEARTBEAT_SECONDS = 30
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}
# Each release replaces these.
ALWAYS_NEW = {"AWS::ECS::TaskDefinition"}
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")


def describe(aws: Account, kind: str) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack, or None if it does not exist."""
    try:
        [stack] = aws.cloudformation.describe_stacks(StackName=aws.environment.stack(kind))[
            "Stacks"
        ]
    except Exception as error:
        # CloudFormation has no error code for this.
        if get_error_code(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack


def require(aws: Account, kind: str) -> dict[str, Any]:
    """Return a stack that can be changed; raise Exit if it is missing, busy or broken."""
    stack = describe(aws, kind)
    if not stack:
        name = aws.environment.name
        raise Exit(f"{name} has not been created yet. Type: fab aws.up --environment {name}")
    refuse_busy(stack)
    return stack


def refuse_busy(stack: dict[str, Any]) -> None:
    """Raise Exit if the stack is being changed, or has to be fixed first."""
    name, status = stack["StackName"], stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise Exit(f"{name} is being changed by another deployment ({status}): wait until it ends.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise Exit(
            f"{name} could not be rolled back. See its events for the reason, then type:"
            f" aws cloudformation continue-update-rollback --stack-name {name}"
        )
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        raise Exit(
            f"{name} was not created ({status}). Delete the rest, then try again:"
            f" aws cloudformation delete-stack --stack-name {name}"
        )


def outputs(stack: dict[str, Any] | None) -> dict[str, str]:
    """Return a stack's outputs."""
    return {each["OutputKey"]: each["OutputValue"] for each in (stack or {}).get("Outputs", [])}


def parameters(stack: dict[str, Any] | None) -> dict[str, str]:
    """Return the values of a stack's parameters."""
    return {
        each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", [])
    }


# --- What a change would do -------------------------------------------------------------


class Plan:
    """A change set: a change of one stack that CloudFormation has computed but not started."""

    def __init__(self, aws: Account, kind: str, values: dict[str, str]) -> None:
        """Create the change set; raise Exit if CloudFormation cannot."""
        self.aws, self.kind, self.stack = aws, kind, aws.environment.stack(kind)
        self.before = describe(aws, kind)
        if self.before:
            refuse_busy(self.before)
        self.changes: list[dict[str, Any]] = []
        self.id = aws.cloudformation.create_change_set(
            StackName=self.stack,
            ChangeSetName=f"fab-{time.time_ns()}",
            ChangeSetType="UPDATE" if self.before else "CREATE",
            TemplateBody=environment.read_template(kind),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in values.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "site", "Value": aws.prefix}],
        )["Id"]
        self.wait()

    def wait(self) -> None:
        """Wait until the changes are computed, and read them."""
        while True:
            response = self.aws.cloudformation.describe_change_set(ChangeSetName=self.id)
            if response["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                break
            time.sleep(1)
        reason = response.get("StatusReason", "")
        if response["Status"] == "FAILED":
            self.discard()
            if not any(text in reason for text in NO_CHANGE):
                raise Exit(f"{self.stack} cannot be changed: {reason}")
            return
        pages = self.aws.cloudformation.get_paginator("describe_change_set")
        for page in pages.paginate(ChangeSetName=self.id):
            self.changes += [each["ResourceChange"] for each in page["Changes"]]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing would change."""
        return not self.changes

    @property
    def losses(self) -> list[str]:
        """The resources that would be replaced or removed."""
        return [each["LogicalResourceId"] for each in self.changes if describe_loss(each)]

    def show(self) -> None:
        """Print a line for each resource that would change."""
        if self.is_empty:
            print(f"\n{self.stack}: no change")
            return
        print(f"\n{self.stack}: {'change' if self.before else 'create'}")
        for each in sorted(self.changes, key=lambda change: change["Action"]):
            sign = "!" if describe_loss(each) else SIGNS[each["Action"]]
            line = f"  {sign} {each['LogicalResourceId']:<22} {each['ResourceType']:<46}"
            print(f"{line} {describe_loss(each)}".rstrip())

    def discard(self) -> None:
        """Delete the change set, and the empty stack that CloudFormation creates for a new one."""
        if self.before:
            self.aws.cloudformation.delete_change_set(ChangeSetName=self.id)
        else:
            self.aws.cloudformation.delete_stack(StackName=self.stack)

    def execute(self) -> None:
        """Execute the change set and wait until it ends; raise Exit with the reason if it fails."""
        since = now()
        self.aws.cloudformation.execute_change_set(ChangeSetName=self.id)
        wait(self.aws, self.kind, since)


def describe_loss(change: dict[str, Any]) -> str:
    """Describe the loss of a resource by a change, such as REPLACED or REMOVED; else ""."""
    if change["Action"] == "Remove":
        policy = change.get("PolicyAction", "Delete")
        return "REMOVED" if policy == "Delete" else f"REMOVED, but: {policy}"
    if change["ResourceType"] in ALWAYS_NEW:
        return ""
    return {"True": "REPLACED", "Conditional": "perhaps REPLACED"}.get(
        change.get("Replacement", ""), ""
    )


# --- A change in progress ---------------------------------------------------------------


def update(aws: Account, kind: str, **changes: str) -> None:
    """Start to change some of a stack's parameters; its template and other parameters stay."""
    stack = require(aws, kind)
    aws.cloudformation.update_stack(
        StackName=stack["StackName"],
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": changes[name]}
            if name in changes
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in parameters(stack)
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )


def now() -> datetime:
    """Return the time since which events belong to this change; clocks may differ by two seconds."""
    return datetime.now(UTC) - timedelta(seconds=2)


def wait(aws: Account, kind: str, since: datetime, stack: dict[str, Any] | None = None) -> None:
    """Wait until a stack is not being changed, and print what happens; raise Exit if it failed.

    Pass a stack that is being deleted: it may no longer be found by its name.
    """
    stack = stack or describe(aws, kind)
    begin, printed, seen = time.monotonic(), time.monotonic(), set()
    reasons: list[str] = []
    while stack:
        for event in read_events(aws, stack["StackId"], since):
            if event["EventId"] in seen:
                continue
            seen.add(event["EventId"])
            status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
            if status.endswith("_FAILED") and "cancelled" not in reason.lower():
                reasons.append(f"{event['LogicalResourceId']}: {reason}")
            if not status.endswith("_IN_PROGRESS"):
                printed = time.monotonic()
                line = f"{printed - begin:5.0f} s  {event['LogicalResourceId']} {status.lower()}"
                print(f"{line} {reason}".rstrip(), flush=True)
        [stack] = aws.cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        if time.monotonic() - printed > HEARTBEAT_SECONDS:
            printed = time.monotonic()
            print(f"{printed - begin:5.0f} s  {stack['StackStatus'].lower()} ...", flush=True)
        time.sleep(PAUSE)
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if "ROLLBACK" in status or status.endswith("_FAILED"):
        reason = reasons[0] if reasons else (stack or {}).get("StackStatusReason", "")
        raise Exit(f"{aws.environment.stack(kind)} ended as {status}. {reason}".rstrip())


def read_events(aws: Account, stack: str, since: datetime) -> list[dict[str, Any]]:
    """Return a stack's events since a time, oldest first."""
    events: list[dict[str, Any]] = []
    for page in aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        recent = [event for event in page["StackEvents"] if event["Timestamp"] >= since]
        events += recent
        if len(recent) < len(page["StackEvents"]):
            break
    return events[::-1]
