"""Deploying a stage by SAM, and the first key of its API."""

import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError

from functions.core.identity.key_list import add, all_keys
from functions.core.identity.keys import make_key
from functions.core.storage.parameter_opening import open_parameter
from functions.local.deployment.account import Account, NotReady, check_concurrency
from functions.local.deployment.remains import bucket_of, has_bucket
from functions.local.deployment.stack import Stack, check_deployable, delete_stack, find_stack
from functions.local.process.child import ROOT
from functions.local.tools.sam import SAM

DEPLOY_SECONDS = 5400.0
Say = Callable[[str], None]


def check_room(account: Account, stage: str, parameters: Mapping[str, str], say: Say) -> Stack | None:
    """See that the account can take the stage. Changes nothing.

    Returns the stack of a first deployment that was not finished, which has to be deleted before another.
    Raises `NotReady` with what to do when there is no room.
    """
    stack = find_stack(account, f"lifeboat-{stage}")
    unfinished = check_deployable(stack)
    reserved = int(parameters.get("ReservedConcurrency") or 0)
    if note := check_concurrency(account, reserved, _reserved_now(account, stage)):
        say(note)
    if stack is None:
        _check_no_bucket(account, stage)
    return stack if unfinished else None


def prepare(account: Account, stage: str, parameters: Mapping[str, str], say: Say) -> None:
    """See that the account can take the stage, and clear away a first deployment that failed.

    Raises `NotReady` with what to do when it cannot.
    """
    if unfinished := check_room(account, stage, parameters, say):
        say(
            f"Deleting   {unfinished.name}, which is {unfinished.status}: a deployment of before that was "
            "not finished"
        )
        delete_stack(account, unfinished)
        _check_no_bucket(account, stage)


def _check_no_bucket(account: Account, stage: str) -> None:
    if has_bucket(account, stage):
        raise NotReady(
            f"{bucket_of(account, stage)} is there and its stack is not: an earlier stage `{stage}` left it. "
            "To go on with what is in it, docs/deploying.md says how; to delete it with all that is in it: "
            f"make destroy STAGE={stage}"
        )


def deploy_stack(
    account: Account,
    stage: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    template: Path,
) -> Stack:
    """Have SAM deploy the bundles, and return the stack. What SAM prints goes where this prints.

    A parameter that is not named keeps the value that the stack has. Raises `NotReady` when SAM fails.
    """
    name = f"lifeboat-{stage}"
    try:
        done = subprocess.run(  # noqa: S603 - checked words, without a shell
            [SAM, "deploy", *sam_options(account.region, stage, parameters, tags, template)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=DEPLOY_SECONDS,
        )
    except FileNotFoundError:
        raise NotReady(f"SAM's command line is not installed here ({SAM}): make installed-sam") from None
    except subprocess.TimeoutExpired:
        raise NotReady(
            f"{name} is not deployed after {DEPLOY_SECONDS / 60:.0f} minutes, and CloudFormation may still "
            "be at it: look at the stack, and do the same again when it is at rest"
        ) from None
    if done.returncode:
        raise NotReady(
            f"SAM did not deploy {name}: its words are above. Once the cause is mended, do the same again; "
            "what is left of a first deployment that failed is deleted then"
        )
    stack = find_stack(account, name)
    if stack is None:
        raise NotReady(f"SAM says that {name} is deployed, and CloudFormation knows of none")
    return stack


def sam_options(
    region: str, stage: str, parameters: Mapping[str, str], tags: Mapping[str, str], template: Path
) -> list[str]:
    """The options of `sam deploy`: everything that matters, so that no setting of samconfig.toml does."""
    name = f"lifeboat-{stage}"
    return [
        *("--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml")),
        *("--stack-name", name, "--s3-prefix", name, "--resolve-s3", "--region", region),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--parameter-overrides", *(_quoted(pair) for pair in parameters.items())),
        *("--tags", *(_quoted(pair) for pair in tags.items())),
    ]


def _quoted(pair: tuple[str, str]) -> str:
    """As SAM reads it: a value with spaces, or an empty one, stands in quotes."""
    name, value = pair
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def make_first_key(stage: str) -> str | None:
    """An administrator's key, unless the stage has a valid one. Shown once: only its hash is kept.

    Raises `LifeboatError` when the keys can be neither read nor written.
    """
    now = datetime.now(UTC)
    place = open_parameter(f"ssm:/lifeboat/{stage}/keys")
    if any(not key.ended(now) for key in all_keys(place).values()):
        return None
    text, key = make_key(("admin",), "made by make deploy", now)
    add(place, key, now)
    return text


def _reserved_now(account: Account, stage: str) -> int:
    """What predict of this stage has reserved already, 0 when it is not there or AWS does not say."""
    try:
        answer = account.client("lambda").get_function_concurrency(FunctionName=f"lifeboat-{stage}-predict")
    except ClientError:
        return 0
    return int(answer.get("ReservedConcurrentExecutions", 0))
