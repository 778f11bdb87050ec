"""Feedback past the real gateway: predictions are made, shipped, handed out, labelled and exported."""

import asyncio
import io
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.schema.tables.table import open_table
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.local.runner import Options, running
from tests.support.titanic import SCHEMA

pytestmark = pytest.mark.long

PASSENGERS = [{"pclass": 1 + number % 3, "sex": "male", "age": 10 + number} for number in range(40)]


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)


def key_to(scope: str, place: str) -> dict[str, str]:
    """The header with a new key."""
    now = datetime.now(UTC)
    text, key = make_key([scope], "test", now, 1)
    add(open_parameter(place), key, now)
    return {"x-api-key": text}


async def arrived(client: httpx.AsyncClient, predictions: int) -> dict[str, Any]:
    """Progress, as soon as so many predictions have reached the store."""
    deadline = time.monotonic() + 20
    while True:
        answer = await client.get("/feedback/progress")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        if found["predictions"] == predictions:
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.2)


def test_predictions_are_labelled_from_the_queue_and_come_out_as_a_dataset(published: Path) -> None:
    async def act() -> None:
        async with (
            running(Options(port=0, store_port=0), lambda _, __: None, lambda _: None) as here,
            httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=60) as client,
        ):
            original = FolderStore(str(published))
            for entry in original.list(""):
                await asyncio.to_thread(here.store.put, entry.key, original.get(entry.key).body)
            assert here.keys is not None
            may_predict = await asyncio.to_thread(key_to, "predict", here.keys)
            may_label = await asyncio.to_thread(key_to, "feedback", here.keys)
            refused = await client.get("/feedback/queue", headers=may_predict)
            assert refused.status_code == 403
            scored = await client.post("/predict/batch", json={"passengers": PASSENGERS}, headers=may_predict)
            ids = [one["prediction_id"] for one in scored.json()["predictions"]]
            client.headers.update(may_label)
            assert (await arrived(client, len(PASSENGERS)))["open"] == len(PASSENGERS)

            page = (await client.get("/feedback/queue?limit=10&annotator=alice")).json()
            assert {item["prediction_id"] for item in page["items"]} < set(ids)
            said = [
                {"prediction_id": item["prediction_id"], "survived": item["probability"] > 0.3}
                for item in page["items"]
            ]
            answer = await client.post("/feedback", json=said)
            assert (answer.json()["recorded"], answer.json()["unknown"]) == (10, 0)
            assert (await arrived(client, len(PASSENGERS)))["labelled"] == 10

            exported = await client.get("/feedback/export")
            [chunk] = open_table(io.BytesIO(exported.content), SCHEMA, labelled=True)
            assert chunk.bad == []
            assert sum(chunk.outcomes) == sum(one["survived"] for one in said)
            assert len(chunk.outcomes) == 10

    asyncio.run(act())
