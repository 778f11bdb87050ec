"""The loop, shown: a table uploaded, a model trained because of it, a row scored over HTTP.

It is told of the Titanic, which is the table that Lifeboat ships, or of any other.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Manifest
from functions.core.storage.view import ModelStore
from functions.local.platform.function_process import Outcome
from functions.local.process.child import ROOT
from functions.local.runner import Running
from functions.local.store.summary import say_kept
from functions.local.use.tables import (
    Table,
    curl,
    dataset_key,
    example_row,
    put_file,
    put_schema,
    say_reading,
)
from functions.local.use.upload import REMIND_SECONDS, TRAINING_SECONDS

_DATA = ROOT / "training" / "data"
SHIPPED_SCHEMA = _DATA / "titanic.schema.json"
SHIPPED = Table(_DATA / "titanic.csv", "titanic", SHIPPED_SCHEMA)
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
    running: Running, outcomes: "asyncio.Queue[Outcome]", say: Say, table: Table = SHIPPED
) -> Manifest:
    """Go through the loop once and say what happens. Returns the manifest of the version in service.

    Raises `StoryFailed`, `LifeboatError`.
    """
    say_where(running, say)
    if running.kept:
        await asyncio.to_thread(say_kept, running.store, say)
    for key in running.pending:
        say(f"Pending    {key}: the last run was stopped before this was done, so it is gone on with")
    store = ModelStore(running.store, table.model)
    try:
        champion, _ = await asyncio.to_thread(deployment.read_champion, store)
        version = champion.version
        say(f"Champion   version {version} is in service already; nothing is uploaded")
    except NoChampion:
        version = await train(running, outcomes, say, table)
    manifest = await asyncio.to_thread(versions.read_manifest, store, version)
    _describe(manifest, say)
    row = _row(table, manifest)
    async with client_of(running) as client:
        path = running.url_of(table.model).removeprefix(running.api)
        answer = await ask(client, "POST", f"{path}/predict", json=row)
    say(f"Scored     {_verdict(table, manifest, row, answer)}")
    return manifest


def by_hand(running: Running, table: Table, manifest: Manifest) -> list[str]:
    """How whoever watches can do the last step too, while the API runs."""
    row = _row(table, manifest)
    # A text is only there for what is derived from it: the shorter command does as well.
    short = {name: row[name] for name in row if name not in manifest.schema_of_rows.sources}
    return ["Again, by hand:", *curl(f"{running.url_of(table.model)}/predict", short, running.key)]


def _row(table: Table, manifest: Manifest) -> Mapping[str, Any]:
    return PASSENGER if table == SHIPPED else example_row(table, manifest.schema_of_rows)


def _verdict(table: Table, manifest: Manifest, row: Mapping[str, Any], answer: dict[str, Any]) -> str:
    target = manifest.schema_of_rows.target.name
    chance = f"probability {answer['probability']:.3f}"
    if table == SHIPPED:
        return f"{row['name']}: {'survives' if answer[target] else 'does not survive'}, {chance}"
    return f"a row as an example: {target} is {json.dumps(answer[target])}, {chance}"


def say_where(running: Running, say: Say) -> None:
    kind = "yours"
    if running.embedded:
        kind = f"embedded, kept in {running.kept}" if running.kept else "embedded, in memory"
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
        times = "once" if outcome.attempts == 1 else f"{outcome.attempts} times"
        return [
            f"{outcome.function} failed {times}: {outcome.error}",
            f"{outcome.function}: the event was sent to the failure queue (here: nowhere)",
        ]
    results = outcome.answer.get("results") if isinstance(outcome.answer, dict) else None
    if results is None:
        return [f"{outcome.function} answered {json.dumps(outcome.answer)}"]
    return [_sentence(result) for result in results]


def _sentence(result: dict[str, Any]) -> str:
    version = f", version {result['version']}" if result.get("version") else ""
    status = result.get("status") or result.get("state")
    if rows := result.get("rows"):
        return f"{result.get('key')}: {status}{version} ({rows:,} rows in {result.get('seconds')} s)"
    return f"{result.get('key')}: {status}{version} ({result.get('reason')})"


async def train(running: Running, outcomes: "asyncio.Queue[Outcome]", say: Say, table: Table) -> str:
    """Upload a table with its schema and wait until the model that comes of it is in service.

    Returns its version. Raises `StoryFailed`.
    """
    store = ModelStore(running.store, table.model)
    await asyncio.to_thread(put_schema, store, table, say)
    body = await asyncio.to_thread(table.file.read_bytes)
    if await asyncio.to_thread(_is_pending, running, store, table.file, body):
        key = store.full(dataset_key(table.file))
        say(f"Uploaded   {table.file.name} by the last run already; its retrain goes on ...")
    else:
        key = await asyncio.to_thread(put_file, store, table.file, body)
        say(f"Uploaded   {table.file.name} ({len(body):,} bytes) to {key}; the upload starts a retrain ...")
    result = await retrained(outcomes, key, say)
    if result["status"] != "promoted":
        raise StoryFailed(f"no model was promoted: {_sentence(result)}")
    version: str = result["version"]
    manifest = await asyncio.to_thread(versions.read_manifest, store, version)
    say(f"Promoted   version {version}: {result['reason']}")
    await asyncio.to_thread(say_reading, store, manifest, say)
    return version


def _is_pending(running: Running, store: ModelStore, file: Path, body: bytes) -> bool:
    """Whether these bytes were uploaded by a run that was stopped before their retrain was done.

    Uploaded once more, they would be trained on twice, and told of long after it is said that all is done.
    """
    key = dataset_key(file)
    return store.full(key) in running.pending and store.get(key).body == body


async def retrained(outcomes: "asyncio.Queue[Outcome]", key: str, say: Say) -> dict[str, Any]:
    """What becomes of the upload of `key`. Raises `StoryFailed` when its retrain fails, or does not end."""
    try:
        async with asyncio.timeout(TRAINING_SECONDS):
            while _key(outcome := await _next(outcomes, say)) != key:
                say("\n".join(describe(outcome)))
    except TimeoutError:
        raise StoryFailed(
            f"no model after {TRAINING_SECONDS:.0f} seconds; what RetrainFunction logged says how far it "
            "came. Try again when the machine has less to do, or with fewer rows"
        ) from None
    if outcome.error:
        raise StoryFailed("no model was promoted: " + "; ".join(describe(outcome)))
    [result] = outcome.answer["results"]
    return dict(result)


async def _next(outcomes: "asyncio.Queue[Outcome]", say: Say) -> Outcome:
    """The next outcome. Says now and then that it is being waited for: a busy machine needs minutes."""
    waited = 0.0
    while True:
        try:
            async with asyncio.timeout(REMIND_SECONDS):
                return await outcomes.get()
        except TimeoutError:
            waited += REMIND_SECONDS
            say(f"             for {waited:.0f} seconds now")


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


def _describe(manifest: Manifest, say: Say) -> None:
    dataset, certificate = manifest.dataset, manifest.certificate
    say(
        f"Dataset    {dataset.rows:,} rows: {dataset.train_rows:,} to train on, "
        f"{dataset.holdout_rows:,} held out"
    )
    say(f"Model      {manifest.model}, on the rows held out:")
    for name, metric in manifest.metrics.items():
        say(
            f"             {name.replace('_', ' '):<18} {metric.value:.3f}  "
            f"(95 %: {metric.low:.3f} to {metric.high:.3f})"
        )
    say(
        f"Certified  graph and pipeline agree on {certificate.rows:,} rows "
        f"and {certificate.edge_rows:,} edge cases"
    )
    say(
        f"             largest difference {certificate.largest_difference:.1e}, "
        f"label flips {certificate.label_flips}"
    )
    say(f"Version    {manifest.version}")
