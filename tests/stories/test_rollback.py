"""A rollback over HTTP, past the gateway and its keys: how soon a warm predict function obeys."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.registry import deployment, versions
from functions.core.registry.keys import manifest_key, model_key
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.view import ModelStore
from functions.local.runner import Options, running
from tests.support.titanic import MODEL

pytestmark = pytest.mark.long

REFRESH_SECONDS = 1.0
OTHER = "0" * 15 + "1"
PASSENGER = {"pclass": 1, "sex": "female"}


def publish_twice(source: FolderStore, store: Store) -> str:
    """Copy the champion to `store`, and its model once more as OTHER. Returns the champion's version."""
    for entry in source.list(""):
        store.put(entry.key, source.get(entry.key).body)
    titanic = ModelStore(store, MODEL)
    champion, _ = deployment.read_champion(titanic)
    manifest = versions.read_manifest(titanic, champion.version)
    titanic.put(model_key(OTHER), versions.read_model(titanic, manifest))
    titanic.put(manifest_key(OTHER), manifest.model_copy(update={"version": OTHER}).as_json())
    return champion.version


def administrators_key(place: str) -> str:
    now = datetime.now(UTC)
    text, key = make_key(["admin"], "test", now, 1)
    add(open_parameter(place), key, now)
    return text


async def seconds_until_served(client: httpx.AsyncClient, version: str) -> tuple[float, float]:
    """Ask without a pause until `version` answers. Returns the seconds of this and of the slowest answer."""
    began, slowest = time.monotonic(), 0.0
    while True:
        asked = time.monotonic()
        answer = await client.post("/predict", json=PASSENGER)
        slowest = max(slowest, time.monotonic() - asked)
        assert answer.status_code == 200
        if answer.json()["model"]["version"] == version:
            return time.monotonic() - began, slowest
        assert time.monotonic() - began < 30


async def roll_back(client: httpx.AsyncClient, to: str | None) -> dict[str, Any]:
    answer = await client.post("/models/rollback", json={"reason": "a test", "to": to})
    assert answer.status_code == 200, answer.text
    card: dict[str, Any] = answer.json()
    return card


def test_a_warm_function_obeys_a_rollback_within_its_refresh_interval(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFEBOAT_REFRESH_SECONDS", str(REFRESH_SECONDS))

    async def go() -> list[float]:
        async with running(Options(port=0, store_port=0), lambda *_: None, lambda _: None) as where:
            first = await asyncio.to_thread(publish_twice, FolderStore(str(published)), where.store)
            assert where.keys is not None
            key = await asyncio.to_thread(administrators_key, where.keys)
            async with httpx.AsyncClient(
                base_url=where.api, headers={"x-api-key": key}, timeout=60, trust_env=False
            ) as client:
                answer = await client.post(
                    f"/models/{OTHER}/promote", json={"reason": "a test", "force": True}
                )
                assert answer.status_code == 200, answer.text
                await seconds_until_served(client, OTHER)
                measured = []
                # Back, forth and back: at the beginning of an interval, and later in it.
                for part, to, version in ((0, None, first), (0.3, OTHER, OTHER), (0.6, first, first)):
                    await asyncio.sleep(part * REFRESH_SECONDS)
                    card = await roll_back(client, to)
                    assert (card["version"], card["by"]) == (version, key.split("_")[1])
                    seconds, slowest = await seconds_until_served(client, version)
                    # The interval ends during one request, and the next one asks the store.
                    assert seconds <= REFRESH_SECONDS + 2 * slowest
                    measured.append(seconds)
                listed = (await client.get(f"/models/{MODEL}/versions")).json()["versions"]
                assert [entry["version"] for entry in listed if entry["in_service"]] == [first]
                return measured

    measured = asyncio.run(go())
    times = ", ".join(f"{seconds:.2f}" for seconds in measured)
    print(f"rollback to visible: {times} s, with a refresh interval of {REFRESH_SECONDS:.0f} s")
