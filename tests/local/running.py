"""A template of played functions, and the runner that runs it while a test acts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from functions.local import machine
from functions.local.platform import function_process
from functions.local.platform.function_process import Outcome
from functions.local.runner import Options, Running, running
from tests.support.played import played_by

TICK = """
  Tick:
    Type: AWS::Serverless::Function
    Properties:
      Handler: tests.local.handlers.tick
      Events:
        Soon: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
"""
ROUTES = ("POST /predict", "POST /models/{model}/predict", "GET /kettles/{name}")
TEMPLATE = played_by("tests.local.handlers", *ROUTES) + TICK


def prepare(patch: pytest.MonkeyPatch) -> None:
    """Have a run be of this machine alone, look for uploads often, and try again at once."""
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS", "LIFEBOAT_DEFAULT_MODEL"):
        patch.delenv(name, raising=False)
    patch.setattr(machine, "POLL_SECONDS", 0.05)
    patch.setattr(function_process, "DELAYS", (0.0, 0.0))


def options_of(folder: Path) -> Options:
    """The template in `folder`, on ports that are free."""
    template = folder / "template.yaml"
    template.write_text(TEMPLATE)
    return Options(port=0, store_port=0, template=template)


def use_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """For what does not depend on the store: a folder is one without a process of its own."""
    patch.setenv("LIFEBOAT_STORE", str(folder / "store"))
    patch.setenv("LIFEBOAT_KEYS", str(folder / "keys.json"))


class Here:
    """A running template: where it is, what it logged, how events ended."""

    def __init__(self, where: Running, log: list[str], outcomes: "asyncio.Queue[Outcome]") -> None:
        self.where = where
        self.log = log
        self.outcomes = outcomes

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(self.outcomes.get(), 20)


def run(options: Options, act: Callable[[Here], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        log: list[str] = []
        outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        async with running(
            options, lambda id_, line: log.append(f"{id_} {line}"), outcomes.put_nowait
        ) as where:
            return await act(Here(where, log, outcomes))

    return asyncio.run(go())
