"""The circle, shown: other passengers come, the monitor sees it, outcomes come in, another model follows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx

from functions.core.base.ids import time_of
from functions.core.predictions.records import Reading, objects
from functions.core.storage.view import ModelStore
from functions.local.platform.function_process import Outcome
from functions.local.runner import Running
from functions.local.story.loop import SHIPPED, StoryFailed, ask, client_of, retrained, say_where, train
from functions.local.story.voyages import Traveller, other_ship, same_ship
from functions.local.use.tables import Table

Say = Callable[[str], None]

# A window is complete with 300 predictions (template.yaml).
PASSENGERS = 320
_SOURCE = "survivors-list"
_SHIPPING_SECONDS = 30.0
_REFRESH_SECONDS = 30.0
_LOOK_SECONDS = 0.2


async def tell_of_drift(
    running: Running, outcomes: "asyncio.Queue[Outcome]", say: Say, table: Table = SHIPPED
) -> None:
    """Go round once and say what happens. Raises `StoryFailed` where the circle does not close."""
    say_where(running, say)
    async with client_of(running) as client:
        circle = _Circle(ModelStore(running.store, table.model), client, say)
        await train(running, outcomes, say, table)
        dataset = table.file

        say(f"Same ship  {PASSENGERS} passengers like those of the dataset, and their outcomes")
        await circle.report_outcomes(await circle.score(same_ship(dataset, PASSENGERS, seed=1)))
        circle.say_drift(await circle.run_monitor())

        say(f"Other ship {PASSENGERS} passengers, 25 years older")
        first = await circle.score(other_ship(dataset, PASSENGERS, seed=2))
        circle.say_drift(await circle.run_monitor())
        say(f"Other ship {PASSENGERS} more, and all outcomes: there, the old get into the boats first")
        second = await circle.score(other_ship(dataset, PASSENGERS, seed=3))
        await circle.report_outcomes(first + second)
        report = await circle.run_monitor()
        circle.say_drift(report)
        before = circle.say_quality(report)
        training = report["training"]
        if training["outcome"] != "uploaded":
            raise StoryFailed(f"no retrain was started: {training['outcome']}, {training['why']}")
        say(f"Due        because of {training['reason']}: {training['labels']} labelled predictions go along")
        say(f"Uploaded   {training['dataset']}; the upload starts a retrain ...")

        result = await retrained(outcomes, training["dataset"], say)
        is_promoted = result["status"] == "promoted"
        if is_promoted:
            say(f"Promoted   version {result['version']}: {result['reason']}")
            await circle.wait_for(result["version"])
        else:
            say(f"Kept       the champion stays, by the rule {result['rule']}: {result['reason']}")

        say(f"Other ship {PASSENGERS} passengers more, scored by {'the new model' if is_promoted else 'it'}")
        await circle.report_outcomes(await circle.score(other_ship(dataset, PASSENGERS, seed=4)))
        after = circle.say_quality(await circle.run_monitor())
        losses = f"log loss {before:.3f} before, {after:.3f} after"
        if not is_promoted:
            say(f"Unmended   {losses}: the next outcomes make another dataset")
        elif after < before:
            say(f"Recovered  {losses}")
        else:
            raise StoryFailed(f"the new model is no better on the passengers who come now: {losses}")


class _Circle:
    """What the story has people and programs do."""

    def __init__(self, store: ModelStore, client: httpx.AsyncClient, say: Say) -> None:
        self._store, self._client, self._say = store, client, say

    async def score(self, travellers: Sequence[Traveller]) -> list[dict[str, Any]]:
        """Score `travellers`, wait until that is in the log, and return what will happen to each."""
        body = {"passengers": [traveller.passenger for traveller in travellers]}
        answers = (await ask(self._client, "POST", "/predict/batch", json=body))["predictions"]
        ids = {answer["prediction_id"] for answer in answers}

        async def logged() -> bool:
            return await asyncio.to_thread(_are_logged, self._store, ids)

        await self._until(logged, _SHIPPING_SECONDS, "the predictions are not in the log")
        return [
            {"prediction_id": answer["prediction_id"], "survived": traveller.survived, "source": _SOURCE}
            for answer, traveller in zip(answers, travellers, strict=True)
        ]

    async def report_outcomes(self, happened: Sequence[dict[str, Any]]) -> None:
        await ask(self._client, "POST", "/feedback", json=list(happened))

    async def run_monitor(self) -> dict[str, Any]:
        report: dict[str, Any] = await ask(self._client, "POST", "/monitoring/run")
        return report

    async def wait_for(self, version: str) -> None:
        async def in_service() -> bool:
            return bool((await ask(self._client, "GET", "/model"))["version"] == version)

        await self._until(in_service, _REFRESH_SECONDS, f"version {version} does not come into service")

    def say_drift(self, report: dict[str, Any]) -> None:
        drift = report["drift"]
        if not drift:
            raise StoryFailed(f"the window is not complete: {report['counted']['rows']} predictions")
        if not drift["drifted"]:
            self._say(f"Monitor    nothing drifted among {drift['rows']} predictions")
            return
        drifted = ", ".join(f"{name} (PSI {drift['features'][name]['psi']:.2f})" for name in drift["drifted"])
        times = "confirmed: two windows in a row" if drift["confirmed"] else "one window, which may be chance"
        self._say(f"Monitor    {drifted} drifted; {times}")

    def say_quality(self, report: dict[str, Any]) -> float:
        """Say how good the champion is on labels; its log loss."""
        live = report["live"]
        if not live["quality"]:
            raise StoryFailed(f"{live['labels']} labels are too few to tell the quality")
        measured, holdout = live["quality"]["metrics"]["log_loss"], live["holdout"]["log_loss"]
        verdict = f"fallen: {', '.join(live['fallen'])}" if live["fallen"] else "as it should be"
        self._say(
            f"Quality    log loss {measured['value']:.3f} on {live['labels']} labels "
            f"({measured['low']:.3f} to {measured['high']:.3f}), "
            f"on the holdout {holdout['low']:.3f} to {holdout['high']:.3f}; {verdict}"
        )
        return float(measured["value"])

    async def _until(self, is_so: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
        for _ in range(round(seconds / _LOOK_SECONDS)):
            if await is_so():
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise StoryFailed(f"{otherwise} after {seconds:.0f} seconds")


def _are_logged(store: ModelStore, ids: set[str]) -> bool:
    moments = sorted(map(time_of, ids))
    entries = objects(store, moments[0], moments[-1])
    reading = Reading((store.get(entry.key).body for entry in entries), store.model)
    return ids <= {record.prediction_id for record in reading}
