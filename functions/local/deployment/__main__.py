"""`make deploy` and `make destroy`: `python -m functions.local.deployment --help`."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from functions.core.base.errors import LifeboatError
from functions.local.deployment.account import Account, NotReady, explain, find_account
from functions.local.deployment.deploying import check_room, deploy_stack, make_first_key, prepare
from functions.local.deployment.parameters import (
    check_stage,
    choose_parameters,
    choose_tags,
    match_architecture,
    parse_pairs,
)
from functions.local.deployment.remains import Remains, find_remains, remove_remains
from functions.local.deployment.stack import Stack, check_idle, delete_stack, find_stack
from functions.local.tools.sam import TEMPLATE

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed or not confirmed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except (NotReady, LifeboatError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"Failed: {explain(error)}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m functions.local.deployment", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser(
        "check", help="see that a stage could be deployed, before anything is built; changes nothing"
    )
    check.set_defaults(command=_check)
    deploy = commands.add_parser(
        "deploy", help="check the account, deploy the built bundles, make the first key"
    )
    deploy.set_defaults(command=_deploy)
    for command in (check, deploy):
        command.add_argument(
            "--parameters",
            default="",
            help='of template.yaml: "PredictMemory=2048 AlarmEmail=me@example.org"',
        )
        command.add_argument("--tags", default="", help='of all that is made: "team=crew cost-center=7"')
        command.add_argument(
            "--no-key", action="store_true", help="make no key: where what is printed is kept, as in CI"
        )
    deploy.add_argument("--template", type=Path, default=TEMPLATE, help="the built template")
    destroy = commands.add_parser(
        "destroy", help="delete a stage with everything in it, once its name was typed"
    )
    destroy.set_defaults(command=_destroy)
    destroy.add_argument("--yes", action="store_true", help="do not ask")
    for command in (check, deploy, destroy):
        command.add_argument("--stage", required=True, help="such as dev")
    return parser


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed, as far as the command line and the template say."""

    stage: str
    parameters: dict[str, str]
    tags: dict[str, str]


def _wanted(options: argparse.Namespace) -> Wanted:
    """Raises `ValueError` for what CloudFormation would refuse."""
    stage = check_stage(options.stage)
    parameters = choose_parameters(stage, parse_pairs(options.parameters, "PARAMETERS"))
    parameters = match_architecture(parameters, os.environ.get("ARCHITECTURE") or "x86_64")
    return Wanted(stage, parameters, choose_tags(stage, parse_pairs(options.tags, "TAGS")))


def _check(options: argparse.Namespace) -> int:
    wanted = _wanted(options)
    account = find_account()
    check_room(account, wanted.stage, wanted.parameters, _say)
    _say(f"Checked    stage {wanted.stage} can be deployed to {account}")
    return 0


def _deploy(options: argparse.Namespace) -> int:
    wanted = _wanted(options)
    stage = wanted.stage
    if not options.template.exists():
        raise NotReady("there are no bundles yet: make build")
    account = find_account()
    _say(f"Deploying  stage {stage} to {account}")
    named = shlex.join(f"{name}={value}" for name, value in wanted.parameters.items())
    _say(f"Parameters {named}; others stay as they are")
    prepare(account, stage, wanted.parameters, _say)
    stack = deploy_stack(account, stage, wanted.parameters, wanted.tags, options.template)
    try:
        key = None if options.no_key else make_first_key(stage)
    except LifeboatError as error:
        raise NotReady(
            f"stage {stage} is deployed at {stack.outputs['ApiUrl']}, and its first key was not made "
            f'({error}): make key STAGE={stage} SCOPES=admin NOTE="who uses it"'
        ) from error
    for line in describe(stack, stage, key, no_key=options.no_key):
        _say(line)
    return 0


def describe(stack: Stack, stage: str, key: str | None, *, no_key: bool) -> list[str]:
    """What is said of a deployed stage. The key is in one line, and nowhere else."""
    url = stack.outputs["ApiUrl"]
    make = f'make key STAGE={stage} SCOPES=admin NOTE="who uses it"'
    lines = [f"API        {url}", f"Bucket     {stack.outputs['BucketName']}"]
    if target := stack.outputs.get("DomainTarget"):
        lines.append(f"DNS        {url} answers once the record of its domain points to {target}")
    if key:
        lines.append(f"Key        {key}   (an administrator's; shown this once, as only a hash is kept)")
    elif no_key:
        lines.append(f"Key        none is made here: {make}")
    else:
        lines.append(f"Key        there is one already; another: {make}")
    lines.append(
        f'Try        curl -H "x-api-key: $KEY" {url}/model   (503 NO_CHAMPION until a table was uploaded)'
    )
    return lines


def _destroy(options: argparse.Namespace) -> int:
    stage = check_stage(options.stage)
    account = find_account()
    stack = find_stack(account, f"lifeboat-{stage}")
    check_idle(stack)
    remains = find_remains(account, stage)
    if not stack and not remains:
        _say(f"There is nothing of stage {stage} in {account}")
        return 0
    _say(f"This deletes, for good, in {account}:")
    for line in list_removals(stack, remains):
        _say(f"  {line}")
    if not (options.yes or _confirmed(stage)):
        _say("Nothing is deleted.")
        return 1
    pool = stack.outputs.get("UserPoolId") if stack else None
    if stack:
        delete_stack(account, stack)
        _say(f"Deleted    {stack.name}")
    # Once more: functions and streams have written until they were gone.
    remove_remains(account, stage, find_remains(account, stage))
    return _tell_what_is_left(account, stage, pool)


def list_removals(stack: Stack | None, remains: Remains) -> list[str]:
    """Each thing that a stage is deleted with, in words."""
    lines = (
        [f"the stack {stack.name} ({stack.status}), with its API, functions, roles and alarms"]
        if stack
        else []
    )
    if remains.versions is not None:
        size = f"{remains.size / 1e6:,.1f} MB"
        lines.append(
            f"the bucket {remains.bucket} with every version of every object ({remains.versions:,}, "
            f"{size}): all datasets, "
            "models, predictions and labels"
        )
    if remains.parameter:
        lines.append(f"the parameter {remains.parameter}: all keys of the API")
    if remains.log_groups:
        lines.append(f"{len(remains.log_groups)} log groups: {', '.join(remains.log_groups)}")
    if remains.bundles:
        lines.append(f"{remains.bundles} bundles and templates of this stage in {remains.sam_bucket}")
    return lines


def _confirmed(stage: str) -> bool:
    if not sys.stdin.isatty():
        raise ValueError("nobody can be asked here; to say that it may be deleted, ARGS=--yes")
    return input(f"Type the stage's name ({stage}) to delete it: ").strip() == stage


def _tell_what_is_left(account: Account, stage: str, pool: str | None) -> int:
    left = find_remains(account, stage)
    stack = find_stack(account, f"lifeboat-{stage}")
    for line in list_removals(stack, left):
        _say(f"Left       {line}; do it again")
    if pool:
        _say(
            f"Left       the user pool {pool}, with the people in it: aws cognito-idp update-user-pool "
            f"--user-pool-id {pool} "
            f"--deletion-protection INACTIVE, then aws cognito-idp delete-user-pool --user-pool-id {pool}"
        )
    if left.sam_bucket:
        _say(f"Left       {left.sam_bucket}, SAM's own, which is for everything that SAM deploys here")
    if stack or left:
        return 1
    _say(f"Done       nothing of stage {stage} is left" + (" but that" if pool else ""))
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
