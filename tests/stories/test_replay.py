"""The prediction log past the real gateway: lines shipped to the store, none lost, predictions made again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.predictions.records import Reading
from functions.core.registry import deployment
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.runner import Options, Running, running
from tests.conftest import TITANIC
from tests.support.titanic import MODEL
from tests.support.training import publish

pytestmark = pytest.mark.long

PASSENGERS: list[dict[str, Any]] = [
    {"pclass": 1, "sex": "female", "age": 29, "fare": 211.34, "name": "Allen, Miss. Elisabeth Walton"},
    {"pclass": 3, "sex": "male"},
    {"pclass": 2, "sex": "male", "age": 0.6667, "fare": 14.4583, "sibsp": 1, "parch": 1, "embarked": "C"},
]
MANY = 10_000


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFEBOAT_REFRESH_SECONDS", "0")


def run(act: Callable[[Running, httpx.AsyncClient], Awaitable[None]]) -> list[str]:
    """Run template.yaml and `act` in it. Returns what was logged and not shipped."""
    log: list[str] = []

    async def go() -> None:
        async with (
            running(
                Options(port=0, store_port=0), lambda id_, line: log.append(f"{id_} {line}"), lambda _: None
            ) as here,
            httpx.AsyncClient(
                base_url=here.api, headers={"x-api-key": str(here.key)}, trust_env=False, timeout=60
            ) as client,
        ):
            await act(here, client)

    asyncio.run(go())
    return log


def copy(source: Path, store: Store) -> None:
    original = FolderStore(str(source))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)


def promote_another(store: Store, dataset: Path) -> str:
    """Train on half of the passengers and put what comes of it into service. Returns its version."""
    dataset.write_bytes(b"".join(TITANIC.read_bytes().splitlines(keepends=True)[:650]))
    titanic = ModelStore(store, MODEL)
    version = publish(titanic, dataset, "datasets/half.csv").version
    assert version
    if deployment.read_champion(titanic)[0].version != version:
        deployment.promote_by_hand(titanic, version, by="test", reason="a test", force=True)
    return version


async def arrived(client: httpx.AsyncClient, prediction_id: str) -> dict[str, Any]:
    """The record of a prediction, as soon as it can be found."""
    deadline = time.monotonic() + 10
    while True:
        answer = await client.get(f"/predictions/{prediction_id}")
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        assert answer.status_code == 404
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def test_a_prediction_is_repeated_to_the_last_bit_when_another_champion_serves(
    published: Path, tmp_path: Path
) -> None:
    async def act(here: Running, client: httpx.AsyncClient) -> None:
        await asyncio.to_thread(copy, published, here.store)
        answers = [(await client.post("/predict", json=passenger)).json() for passenger in PASSENGERS]
        batch = await client.post("/predict/batch", json={"passengers": PASSENGERS * 100})
        old = batch.json()["model"]["version"]
        answers += batch.json()["predictions"][-3:]
        new = await asyncio.to_thread(promote_another, here.store, tmp_path / "half.csv")
        later = (await client.post("/predict", json=PASSENGERS[0])).json()
        assert later["model"]["version"] == new != old
        assert later["probability"] != answers[0]["probability"]
        for answer, version in [*((answer, old) for answer in answers), (later, new)]:
            record = await arrived(client, answer["prediction_id"])
            assert record["probability"] == answer["probability"]
            replayed = await client.post(f"/predictions/{answer['prediction_id']}/replay")
            assert replayed.json() == {
                "identical": True,
                "recorded": answer["probability"],
                "replayed": answer["probability"],
                "version": version,
            }

    log = run(act)
    # What is shipped does not flood the terminal too.
    assert any("champion loaded" in line for line in log)
    assert not any('"prediction"' in line for line in log)


def test_no_line_is_lost_when_the_runner_stops(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(str(tmp_path / "store"))
    copy(published, store)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))
    ids: list[str] = []
    seconds: list[float] = []

    async def act(_: Running, client: httpx.AsyncClient) -> None:
        csv = b"pclass,sex,age\n" + b"1,female,29\n3,male,\n" * (MANY // 2)
        headers = {"content-type": "text/csv"}
        for _attempt in range(3):
            began = time.monotonic()
            answer = await client.post("/predict/batch", content=csv, headers=headers)
            seconds.append(time.monotonic() - began)
            ids.extend(row["prediction_id"] for row in answer.json()["predictions"])
        ids.append((await client.post("/predict", json=PASSENGERS[0])).json()["prediction_id"])
        assert (await client.post("/predict", json={"pclass": 4, "sex": "male"})).status_code == 422

    run(act)
    entries = list(store.list("predictions/"))
    reading = Reading((store.get(entry.key).body for entry in entries), MODEL)
    assert sorted(record.prediction_id for record in reading) == sorted(ids)
    assert (reading.refused, reading.faults, reading.damaged) == (1, {"pclass": 1}, 0)
    # Many lines to an object; the gate is wide, the figure is printed.
    assert len(entries) <= 2 + sum(seconds) / 0.5
    print(f"{MANY:,} rows scored, logged and answered in {min(seconds):.2f} s; {len(entries)} objects")
