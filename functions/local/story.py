"""The loop, shown: a dataset uploaded, a model trained because of it, a passenger scored over HTTP."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment
from functions.local.asynchronous import Outcome
from functions.local.child import ROOT
from functions.local.runner import Running

DATASET = ROOT / "training" / "data" / "titanic.csv"
DATASET_KEY = "datasets/titanic.csv"
TRAINING_SECONDS = 180.0
# Nobody who was aboard: the real ones are in the dataset.
PASSENGER = {
    "name": "DeWitt Bukater, Miss. Rose",
    "pclass": 1,
    "sex": "female",
    "age": 17,
    "sibsp": 0,
    "parch": 1,
    "fare": 110.88,
    "embarked": "S",
}

Say = Callable[[str], None]


class StoryFailed(Exception):
    """A step of the loop did not come about; the text says which, and why."""


async def tell(
    running: Running, outcomes: "asyncio.Queue[Outcome]", say: Say, dataset: Path = DATASET
) -> None:
    """Go through the loop once and say what happens. Raises `StoryFailed`, `LifeboatError`."""
    say_where(running, say)
    try:
        champion, _ = await asyncio.to_thread(deployment.read_champion, running.store)
        say(f"Champion   version {champion.version} is in service already; nothing is uploaded")
    except NoChampion:
        await train(running, outcomes, say, dataset)
    async with client_of(running) as client:
        _describe_model(await ask(client, "GET", "/model"), say)
        answer = await ask(client, "POST", "/predict", json=PASSENGER)
    verdict = "survives" if answer["survived"] else "does not survive"
    say(f"Scored     {PASSENGER['name']}: {verdict}, probability {answer['probability']:.3f}")


def by_hand(running: Running) -> list[str]:
    """How whoever watches can do the last step too, while the API runs."""
    passenger = json.dumps({name: value for name, value in PASSENGER.items() if name != "name"})
    return [
        "Again, by hand:",
        f"  curl -s {running.api}/predict -H 'content-type: application/json' \\",
        *([f"    -H 'x-api-key: {running.key}' \\"] if running.key else []),
        f"    -d '{passenger}'",
    ]


def say_where(running: Running, say: Say) -> None:
    kind = "embedded, in memory" if running.embedded else "yours"
    say(f"Store      {running.address} {f'at {running.endpoint} ' if running.endpoint else ''}({kind})")
    say(f"API        {running.api}")


def client_of(running: Running) -> httpx.AsyncClient:
    """A client of the API, with the key of the run."""
    headers = {"x-api-key": running.key} if running.key else {}
    # The API is on this machine: a proxy from the environment does not know it.
    return httpx.AsyncClient(base_url=running.api, headers=headers, timeout=60, trust_env=False)


def describe(outcome: Outcome) -> list[str]:
    """What became of an event, a line for each thing that matters."""
    if outcome.error:
        return [
            f"{outcome.function} failed {outcome.attempts} times: {outcome.error}",
            f"{outcome.function}: the event was sent to the failure queue (here: nowhere)",
        ]
    results = outcome.answer.get("results") if isinstance(outcome.answer, dict) else None
    if results is None:
        return [f"{outcome.function} answered {json.dumps(outcome.answer)}"]
    return [_sentence(result) for result in results]


def _sentence(result: dict[str, Any]) -> str:
    version = f", version {result['version']}" if result.get("version") else ""
    return f"{result.get('key')}: {result.get('status')}{version} ({result.get('reason')})"


async def train(running: Running, outcomes: "asyncio.Queue[Outcome]", say: Say, dataset: Path) -> None:
    """Upload `dataset` and wait until the model that comes of it is in service. Raises `StoryFailed`."""
    body = await asyncio.to_thread(dataset.read_bytes)
    await asyncio.to_thread(running.store.put, DATASET_KEY, body)
    say(f"Uploaded   {dataset.name} ({len(body):,} bytes) to {DATASET_KEY}; the upload starts a retrain ...")
    result = await retrained(outcomes, DATASET_KEY, say)
    if result["status"] != "promoted":
        raise StoryFailed(f"no model was promoted: {_sentence(result)}")
    say(f"Promoted   version {result['version']}: {result['reason']}")


async def retrained(outcomes: "asyncio.Queue[Outcome]", key: str, say: Say) -> dict[str, Any]:
    """What becomes of the upload of `key`. Raises `StoryFailed` when its retrain fails, or does not end."""
    try:
        async with asyncio.timeout(TRAINING_SECONDS):
            while _key(outcome := await outcomes.get()) != key:
                say("\n".join(describe(outcome)))
    except TimeoutError:
        raise StoryFailed(f"no model after {TRAINING_SECONDS:.0f} seconds") from None
    if outcome.error:
        raise StoryFailed("no model was promoted: " + "; ".join(describe(outcome)))
    [result] = outcome.answer["results"]
    return dict(result)


def _key(outcome: Outcome) -> str | None:
    try:
        return unquote_plus(outcome.event["Records"][0]["s3"]["object"]["key"])
    except (KeyError, TypeError):
        return None  # a schedule's event


async def ask(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> Any:
    """The JSON of an answer. Raises `StoryFailed` when there is none, or a refusal."""
    try:
        response = await client.request(method, path, **request)
    except httpx.HTTPError as error:
        raise StoryFailed(f"{method} {path} got no answer: {error!r}") from error
    if response.is_error:
        raise StoryFailed(f"{method} {path} answered {response.status_code}: {response.text[:500]}")
    return response.json()


def _describe_model(model: dict[str, Any], say: Say) -> None:
    dataset, certificate = model["dataset"], model["certificate"]
    left_out = f", {dataset['rejected_rows']:,} left out" if dataset["rejected_rows"] else ""
    say(
        f"Dataset    {dataset['rows']:,} rows{left_out}: {dataset['train_rows']:,} to train on, "
        f"{dataset['holdout_rows']:,} held out"
    )
    say(f"Model      {model['model']}, on the rows held out:")
    for name, metric in model["metrics"].items():
        say(
            f"             {name.replace('_', ' '):<18} {metric['value']:.3f}  "
            f"(95 %: {metric['low']:.3f} to {metric['high']:.3f})"
        )
    say(
        f"Certified  graph and pipeline agree on {certificate['rows']:,} rows "
        f"and {certificate['edge_rows']:,} edge cases"
    )
    say(
        f"             largest difference {certificate['largest_difference']:.1e}, "
        f"label flips {certificate['label_flips']}"
    )
    say(f"Version    {model['version']}")
