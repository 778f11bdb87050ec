"""Two models in one run, all at once: nothing of one is in the other, and the trouble of one is its own."""

import asyncio
import io
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.registry import deployment
from functions.core.registry.keys import model_key
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.tables.table import open_table
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA, ModelStore
from functions.local.__main__ import main
from tests.stories.local_stack import Stack, local_stack
from tests.support.strangers import churn_table
from tests.support.titanic import people

pytestmark = pytest.mark.long

# How long both are used; a minute is asked of a release: LIFEBOAT_STORY_SECONDS=60 make test ARGS=...
SECONDS = float(os.environ.get("LIFEBOAT_STORY_SECONDS", "15"))
BATCH = 60
ASKED = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two")


@contextmanager
def serving(folder: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIFEBOAT_REFRESH_SECONDS", "1")
        patch.setenv("LIFEBOAT_COOLDOWN_HOURS", "0")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with local_stack(folder / "store", folder) as stack:
            yield stack


@pytest.fixture(scope="module")
def used(folder: Path) -> "dict[str, Use]":
    """What was done with two models, of two tables, in one run."""
    with serving(folder) as stack, pytest.MonkeyPatch.context() as patch:
        file = folder / "churn.csv"
        file.write_text(churn_table(), encoding="utf-8")
        patch.setenv("LIFEBOAT_STORE", str(folder / "store"))
        assert main(["model", str(file), "--name", "churn", "--target", "Churned"]) == 0
        return asyncio.run(_use_both(stack))


class Use:
    """One model, used in every way at once until the time is over. `ids` are those of its predictions."""

    def __init__(self, client: httpx.AsyncClient, name: str, rows: list[dict[str, Any]], target: str) -> None:
        self._client, self.name, self._rows, self._target = client, name, rows, target
        self.root = "" if name == "titanic" else f"/models/{name}"
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.datasets: set[str] = set()
        self.failed: list[str] = []

    async def until(self, end: float) -> None:
        loops = (self._predict, self._report, self._watch, self._train)
        await asyncio.gather(*(self._repeat(step, end) for step in loops))

    async def _repeat(self, step: Callable[[], Awaitable[None]], end: float) -> None:
        while time.monotonic() < end:
            await step()

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, f"{self.root}{path}", json=body)
        if not answer.is_success and answer.status_code != 409:
            self.failed.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return None
        return answer.json()

    async def _predict(self) -> None:
        for answer in (
            await self._ask("POST", "/predict", self._rows[0]),
            await self._ask("POST", "/predict/batch", {"rows": self._rows}),
        ):
            if answer:
                assert answer["model"]["name"] == self.name
                answered = answer.get("predictions", [answer])
                self.ids += [prediction["prediction_id"] for prediction in answered]

    async def _report(self) -> None:
        await asyncio.sleep(1)
        reported = set(self.labelled)
        said = [
            {"prediction_id": id_, self._target: number % 2 == 0}
            for number, id_ in enumerate(self.ids[:600])
            if id_ not in reported
        ]
        answer = await self._ask("POST", "/feedback", said) if said else None
        if answer:
            self.labelled += [
                receipt["prediction_id"] for receipt in answer["results"] if receipt["status"] == "recorded"
            ]

    async def _watch(self) -> None:
        await asyncio.sleep(0.5)
        report = await self._ask("POST", "/monitoring/run")
        self._note(report and report["training"])

    async def _train(self) -> None:
        await asyncio.sleep(3)
        self._note(await self._ask("POST", "/training"))

    def _note(self, training: dict[str, Any] | None) -> None:
        if training and training.get("outcome") == "uploaded":
            self.datasets.add(training["dataset"])


async def _use_both(stack: Stack) -> dict[str, Use]:
    async with httpx.AsyncClient(
        base_url=stack.api, headers=stack.headers, trust_env=False, timeout=60
    ) as client:
        churn = [{"Calls": number % 13, "Plan": "gold", "Paperless": True} for number in range(BATCH)]
        titanic = [row for row, _ in people(BATCH)]
        both = Use(client, "titanic", titanic, "survived"), Use(client, "churn", churn, "Churned")
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(use.until(end) for use in both))
        # What was answered last is still on its way into the log.
        await asyncio.sleep(2)
        return {use.name: use for use in both}


def test_both_were_used_in_every_way_and_nothing_failed(used: "dict[str, Use]") -> None:
    for use in used.values():
        assert use.failed == []
        assert len(use.ids) > BATCH
        assert use.labelled
        assert use.datasets


def test_every_line_of_the_log_is_of_the_model_that_answered(used: "dict[str, Use]", folder: Path) -> None:
    store = FolderStore(str(folder / "store"))
    logged: dict[str, list[str]] = {"titanic": [], "churn": []}
    for entry in store.list("predictions/"):
        for line in store.get(entry.key).body.splitlines():
            record = json.loads(line)
            logged[record["model"]].append(record["prediction_id"])
            assert ("Calls" in record["features"]) is (record["model"] == "churn")
    for name, use in used.items():
        # One more was asked of the default model by the runner itself, before.
        assert len(set(logged[name]) - set(use.ids)) == (1 if name == "titanic" else 0)
        assert set(use.ids) <= set(logged[name])
        assert len(logged[name]) == len(set(logged[name]))
    print({name: len(ids) for name, ids in logged.items()}, "lines of the log")


def test_labels_datasets_and_versions_stand_with_their_own_model(
    used: "dict[str, Use]", folder: Path
) -> None:
    whole = FolderStore(str(folder / "store"))
    counted = {}
    for name, use in used.items():
        store = ModelStore(whole, name)
        schema = read_schema(store.get(SCHEMA).body)
        labels = [entry.key.split("/")[2] for entry in store.list("feedback/")]
        assert set(labels) == set(use.labelled)
        datasets = [entry.key for entry in store.list("datasets/labelled-")]
        assert {store.full(key) for key in datasets} == use.datasets
        for key in datasets:
            for chunk in open_table(io.BytesIO(store.get(key).body), schema, labelled=True):
                assert chunk.bad == []
        versions = [entry for entry in store.list("models/") if entry.key.endswith("manifest.json")]
        for entry in versions:
            manifest = json.loads(store.get(entry.key).body)
            assert manifest["name"] == name
            assert manifest["dataset"]["key"].startswith(f"datasets/{name}/")
            assert [tensor["name"] for tensor in manifest["signature"]["inputs"]] == list(schema.names)
        assert store.get("monitoring/state.json").body
        counted[name] = {"labels": len(labels), "datasets": len(datasets), "versions": len(versions)}
    print(counted)


def test_a_model_that_is_damaged_holds_up_no_other(used: "dict[str, Use]", folder: Path) -> None:
    churn = ModelStore(FolderStore(str(folder / "store")), "churn")
    champion, _ = deployment.read_champion(churn)
    churn.put(model_key(champion.version), b"damaged")
    failures = {"titanic": 0, "churn": 0}

    async def ask(client: httpx.AsyncClient, name: str, row: dict[str, Any]) -> None:
        for _ in range(ASKED):
            answer = await client.post(f"/models/{name}/predict", json=row)
            failures[name] += not answer.is_success
            assert answer.status_code in (200, 503), answer.text

    async def act(stack: Stack) -> None:
        async with httpx.AsyncClient(
            base_url=stack.api, headers=stack.headers, trust_env=False, timeout=60
        ) as client:
            ready = await client.get("/health/ready")
            assert ready.status_code == 200, ready.text
            await asyncio.gather(
                ask(client, "titanic", {"pclass": 1, "sex": "female"}),
                ask(client, "churn", {"Calls": 12, "Plan": "basic", "Paperless": False}),
            )

    # Another run: a warm function goes on with the model that it holds.
    with serving(folder) as stack:
        asyncio.run(act(stack))
    assert failures == {"titanic": 0, "churn": ASKED}
