"""Retrains and promotions by the whole machine while its MLflow is in trouble: as fast, to the same bytes,
and shown once when it is back. The seconds are printed, not judged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment, versions
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from functions.local.platform.function_process import Outcome
from functions.local.runner import Options, Running, running
from tests.mlflow.conftest import Server
from tests.mlflow.environment import free_port
from tests.mlflow.troubles import Trouble, away, failing, hanging
from tests.support.titanic import MODEL, SCHEMA, TABLE

SECONDS = 300.0
RETRAIN, TRACK = "RetrainFunction", "TrackFunction"


@dataclass(frozen=True)
class Played:
    """Two retrains and a promotion by hand: the seconds that each took, and what the retrains published."""

    seconds: tuple[float, float, float]
    files: dict[str, dict[str, str]]
    """Of each version, the SHA-256 of each file."""


class Machine:
    """A running template over a store in a folder."""

    def __init__(self, here: Running, outcomes: "asyncio.Queue[Outcome]") -> None:
        self.store = ModelStore(here.store, MODEL)
        self._here = here
        self._outcomes = outcomes

    async def retrain(self, name: str, body: bytes) -> float:
        """Upload a table. Returns after how many seconds the retrain had answered, whatever else went on."""
        began = time.monotonic()
        await asyncio.to_thread(self.store.put, f"datasets/{name}", body)
        outcome = await self.outcome_of(RETRAIN)
        assert outcome.error is None, outcome.error
        return time.monotonic() - began

    async def promote(self, version: str) -> float:
        """Put a version into service by hand. Returns after how many seconds that was answered."""
        began = time.monotonic()
        async with httpx.AsyncClient(
            base_url=self._here.api, headers={"x-api-key": self._here.key or ""}, timeout=60, trust_env=False
        ) as client:
            body = {"reason": "a test", "force": True}
            answer = await client.post(f"/models/{version}/promote", json=body)
        assert answer.status_code == 200, answer.text
        return time.monotonic() - began

    async def outcome_of(self, function: str) -> Outcome:
        async with asyncio.timeout(SECONDS):
            while (outcome := await self._outcomes.get()).function != function:
                pass
        return outcome

    async def until_shown(self) -> None:
        """Wait for the function that shows versions to succeed with the champion as it is now."""
        champion = self.champion()
        while True:
            outcome = await self.outcome_of(TRACK)
            if outcome.error is None and outcome.answer["tracked"][0]["champion"] == champion:
                return

    def champion(self) -> str | None:
        with suppress(NoChampion):
            return deployment.read_champion(self.store)[0].version
        return None

    def other(self) -> str:
        [version] = {*versions.published(self.store)} - {self.champion()}
        return version


@asynccontextmanager
async def machine(
    folder: Path, tracking: str | None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Machine]:
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    (folder / "store").mkdir()
    ModelStore(FolderStore(str(folder / "store")), MODEL).put(SCHEMA_KEY, SCHEMA.as_json())
    with monkeypatch.context() as patch:
        patch.setenv("LIFEBOAT_STORE", str(folder / "store"))
        patch.setenv("LIFEBOAT_KEYS", str(folder / "keys.json"))
        patch.delenv("LIFEBOAT_TRACKING_URI", raising=False)
        if tracking:
            patch.setenv("LIFEBOAT_TRACKING_URI", tracking)
        async with running(Options(port=0, store_port=0), lambda *_: None, outcomes.put_nowait) as here:
            yield Machine(here, outcomes)


async def play(on: Machine) -> Played:
    """Retrain twice and promote whichever is not in service then."""
    whole = TABLE.read_bytes()
    first = await on.retrain("titanic.csv", whole)
    second = await on.retrain("most.csv", b"".join(whole.splitlines(keepends=True)[:-200]))
    promotion = await on.promote(on.other())
    files = {
        version: {name: file.sha256 for name, file in versions.read_manifest(on.store, version).files.items()}
        for version in versions.published(on.store)
    }
    return Played((first, second, promotion), files)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The same without any MLflow, of which no function is declared."""

    async def go(patch: pytest.MonkeyPatch) -> Played:
        async with machine(tmp_path_factory.mktemp("without"), None, patch) as on:
            return await play(on)

    with pytest.MonkeyPatch.context() as patch:
        return asyncio.run(go(patch))


def say(what: str, played: Played) -> None:
    first, second, promotion = played.seconds
    promoted = f"promotion {promotion * 1000:4.0f} ms"
    print(f"\n{what:<15} retrain {first:5.2f} s, again {second:5.2f} s, {promoted}", end="")


def assert_shown_once(server: Server, on: Machine) -> None:
    now = deployment.read_champion(on.store)[0]
    assert now.previous
    published = {*versions.published(on.store)}
    numbers = server.versions()
    assert {*numbers} == published
    runs = server.runs("tags.`lifeboat.kind` = 'version'")
    assert sorted(run["tags"]["lifeboat.version"] for run in runs) == sorted(published)
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert server.aliases() == {"champion": numbers[now.version], "previous": numbers[now.previous]}


@pytest.mark.parametrize("trouble", [away, failing, hanging])
def test_a_retrain_in_spite_of_mlflow_is_as_any_other_and_shown_once_afterwards(
    serve: Callable[[int], Any],
    without: Played,
    trouble: Trouble,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()

    async def go() -> Played:
        async with AsyncExitStack() as stack:
            with trouble(port) as uri:
                on = await stack.enter_async_context(machine(tmp_path, uri, monkeypatch))
                played = await play(on)
            client = await started(stack, serve, port)
            # The next event after MLflow's return.
            await on.promote(on.other())
            await on.until_shown()
            await asyncio.to_thread(assert_shown_once, client, on)
            return played

    played = asyncio.run(go())
    say("without MLflow", without)
    say(f"MLflow {trouble.__name__}", played)
    assert played.files == without.files


def test_a_retrain_beside_an_mlflow_that_is_wiped_is_as_any_other_and_shown_once_afterwards(
    serve: Callable[[int], Any], without: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()

    async def go() -> Played:
        async with AsyncExitStack() as stack:
            async with AsyncExitStack() as before:
                server = await started(before, serve, port)
                on = await stack.enter_async_context(machine(tmp_path, server.uri, monkeypatch))
                played = await play(on)
                await on.until_shown()
                await asyncio.to_thread(assert_shown_once, server, on)
            # Another one, with nothing in it.
            server = await started(stack, serve, port)
            await on.promote(on.other())
            await on.until_shown()
            await asyncio.to_thread(assert_shown_once, server, on)
            return played

    played = asyncio.run(go())
    say("without MLflow", without)
    say("MLflow works", played)
    assert played.files == without.files


async def started(stack: AsyncExitStack, serve: Callable[[int], Any], port: int) -> Server:
    """An MLflow at the port until the stack ends."""
    things = ExitStack()
    stack.push_async_callback(asyncio.to_thread, things.close)
    uri = await asyncio.to_thread(things.enter_context, serve(port))
    return Server(uri, things.enter_context(httpx.Client(base_url=uri, timeout=60, trust_env=False)))
