"""The stack of a stage in CloudFormation: whether it can be deployed to, and its end."""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.local.deployment.account import Account, NotReady

# The network interfaces of functions in a VPC take up to 40 minutes to go.
DELETE_SECONDS = 3600.0
POLL_SECONDS = 3.0

# Of a first deployment that failed or was never executed: CloudFormation wants them deleted before another.
UNFINISHED = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED"}
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is now. `reason` is CloudFormation's, of the status."""

    id: str
    name: str
    status: str
    reason: str
    outputs: dict[str, str]


def find_stack(account: Account, name: str) -> Stack | None:
    try:
        [stack] = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return None
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}
    reason = stack.get("StackStatusReason", "")
    return Stack(stack["StackId"], name, stack["StackStatus"], reason, outputs)


def check_idle(stack: Stack | None) -> None:
    """Raises `NotReady` while CloudFormation works on the stack. One that nobody executed yet is at rest."""
    if stack and stack.status.endswith("_IN_PROGRESS") and stack.status not in UNFINISHED:
        raise NotReady(
            f"{stack.name} is {stack.status}: somebody deploys or deletes it; try again when that is done"
        )


def check_deployable(stack: Stack | None) -> bool:
    """Whether the stack has to be deleted before a deployment. Raises `NotReady` when it has to wait."""
    check_idle(stack)
    if stack is None:
        return False
    if stack.status in UNFINISHED:
        return True
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise NotReady(
            f"{stack.name} is {stack.status} ({stack.reason}): mend the cause, then `aws cloudformation "
            f"continue-update-rollback --stack-name {stack.name}`"
        )
    return False


def delete_stack(account: Account, stack: Stack, seconds: float = DELETE_SECONDS) -> None:
    """Delete a stack and wait until it is gone. Raises `NotReady` when it is not within so many seconds."""
    client: Any = account.client("cloudformation")
    client.delete_stack(StackName=stack.id)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # By its name: a deleted stack is still known by its id.
        left = find_stack(account, stack.name)
        if left is None:
            return
        if left.status == "DELETE_FAILED":
            raise NotReady(
                f"{stack.name} could not be deleted ({left.reason}): mend the cause and do it again"
            )
        time.sleep(POLL_SECONDS)
    raise NotReady(
        f"{stack.name} is not deleted within {seconds / 60:.0f} minutes: look at it, and do it again"
    )
