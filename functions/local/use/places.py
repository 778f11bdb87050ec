"""What a command says of the place that it is about to read or change: a runner, a folder, an account."""

import os

from functions.local.process import environment
from functions.local.process.account import describe_account
from functions.local.process.state import State, find_runners


def describe_runner(runner: State) -> str:
    """The runner that a command uses, and how it was chosen where there are several."""
    others = len([state for state in find_runners() if state.pid != runner.pid])
    chosen = f", started last of {others + 1} in this folder" if others else ""
    return f"Runner     {runner.api} (process {runner.pid}{chosen})"


def describe_store(runner: State | None) -> str:
    """The store that a command uses: the one that LIFEBOAT_STORE names, else the runner's.

    Raises `RuntimeError` when AWS does not say whose account it is in.
    """
    named = os.environ.get(environment.STORE)
    if not named and runner:
        return describe_runner(runner)
    if named and named.startswith("s3://"):
        return f"Store      {named} at {describe_account('s3')}"
    return f"Store      {named or 'none'}"


def describe_keys(place: str) -> str:
    """The keys that a command uses, kept at `place`. Raises `RuntimeError` as `describe_store` does."""
    if place.startswith("ssm:"):
        return f"Keys       {place} at {describe_account('ssm')}"
    return f"Keys       {place}"
