"""Eight clients report outcomes at once, over a real S3 protocol, and what is kept is counted.

`python -m tests.bench.feedback` (`make bench-feedback`). Each client sends its posts, one after the other,
through the Lambda handler in a process of its own. Some posts say the same as another client's, some
contradict another source or take back what was said, some are of predictions that nobody made.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, cycle
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from functions.core.base.ids import new_ids
from functions.core.predictions.labels import Label, day_of, read_labels
from functions.core.predictions.records import folder
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from tests.bench.races import embedded_store
from tests.sam.store import ADDRESS
from tests.support.production import SOMEBODY
from tests.support.titanic import MODEL
from tests.support.versions import promote

CLIENTS = 8
EVENT = Path(__file__).parents[1] / "events" / "http_predict.json"
OBJECTS = 5
VERSION = "0" * 16
PATIENCE = 600

Post = dict[str, Any]


class _Start:
    """`line` is where a client waits for the others. A process of the pool is given it once, at its start."""

    line: Barrier


@dataclass(slots=True)
class Plan:
    """What each client will send, in order, and what is to be kept: per prediction, who said what."""

    logged: list[str] = field(default_factory=list)
    clients: list[list[Post]] = field(default_factory=lambda: [[] for _ in range(CLIENTS)])
    kept: dict[str, set[tuple[str, bool]]] = field(default_factory=dict)
    corrected: dict[str, bool] = field(default_factory=dict)
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """What the clients were told: how many posts met each fate; and what progress counts in the end."""

    told: Counter[str]
    progress: dict[str, Any]
    seconds: float


def plan(posts: int, seed: int = 0) -> Plan:
    """A plan of so many posts, a multiple of 16: of every five predictions four are known."""
    random = np.random.default_rng(seed)
    made = Plan()
    # What a client says in one go.
    sayings: list[tuple[int, list[Post]]] = []

    def say(id_: str, source: str, *outcomes: bool, clients: int) -> None:
        said = [{"prediction_id": id_, "survived": outcome, "source": source} for outcome in outcomes]
        sayings.extend((client, said) for client in random.choice(CLIENTS, clients, replace=False).tolist())
        if id_ in made.kept:
            made.kept[id_] |= {(source, outcome) for outcome in outcomes}

    for id_, kind in zip(new_ids(posts * 5 // 16), cycle(range(5)), strict=False):
        survived = bool(random.random() < 0.4)
        if kind == 0:
            made.unknown += 2
            say(id_, "alice", survived, clients=2)
            continue
        made.logged.append(id_)
        made.kept[id_] = set()
        if kind == 1:
            say(id_, "alice", survived, clients=4)
        elif kind == 2:
            say(id_, "alice", survived, not survived, clients=1)
            made.corrected[id_] = not survived
        else:
            say(id_, "alice", survived, clients=2)
            say(id_, "bob", survived is (kind == 3), clients=2)
    # Nearly in order: what is said of one prediction is said at about the same time.
    for at in np.argsort(np.arange(len(sayings)) + random.random(len(sayings)) * CLIENTS).tolist():
        client, said = sayings[at]
        made.clients[client] += said
    return made


def log_predictions(store: Store, ids: Sequence[str]) -> None:
    """Put records of predictions where they arrive, in a few objects; a champion has made them."""
    promote(ModelStore(store, MODEL), VERSION)
    now = datetime.now(UTC)
    for number in range(OBJECTS):
        records = [
            {"prediction_id": id_, "timestamp": now.isoformat(), "model": MODEL, "version": VERSION}
            | {"key_id": "", "request_id": "", "probability": 0.5, "features": SOMEBODY}
            for id_ in ids[number::OBJECTS]
        ]
        body = "\n".join(map(json.dumps, records))
        store.put(f"{folder(now)}{number}.jsonl", body.encode())


def post_all(made: Plan) -> Count:
    """Let the clients send their posts to the function, over the store of this environment."""
    # Children of a server that has the modules loaded: importing them eight times would take longest of all.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["functions.feedback.app", "functions.core.storage.s3", "tests.sam.store"])
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    ready = (context.Barrier(CLIENTS), aws | {"LIFEBOAT_STORE": ADDRESS, "LIFEBOAT_DEFAULT_MODEL": MODEL})
    with ProcessPoolExecutor(CLIENTS, context, initializer=_get_ready, initargs=ready) as pool:
        # A client waits for all the others: no process can be two.
        jobs = [pool.submit(_client, posts) for posts in made.clients]
        fates, seconds = zip(*(job.result(PATIENCE) for job in jobs), strict=True)
        progress = pool.submit(ask, "GET", "/feedback/progress").result(PATIENCE)
    return Count(Counter(chain.from_iterable(fates)), progress, max(seconds))


def _get_ready(barrier: Barrier, environment: dict[str, str]) -> None:
    _Start.line = barrier
    os.environ.update(environment)


def _client(posts: Sequence[Post]) -> tuple[list[str], float]:
    """What became of each post, and how long it took to send them all, in seconds."""
    _Start.line.wait(PATIENCE)
    began = perf_counter()
    return send(posts), perf_counter() - began


def send(posts: Sequence[Post]) -> list[str]:
    """What became of each post."""
    fates = []
    for post in posts:
        answer = ask("POST", "/feedback", post)
        fates.append(answer.get("status") or answer["code"])
    return fates


def ask(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The answer of the function in this process to one request."""
    handler = _handler()
    event = json.loads(EVENT.read_text()) | {"rawPath": path, "rawQueryString": "", "body": json.dumps(body)}
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{method} {path}"
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["requestContext"]["authorizer"]["lambda"]["scopes"] = "feedback"
    answer: dict[str, Any] = json.loads(handler(event, None)["body"])
    return answer


@lru_cache(maxsize=1)
def _handler() -> Any:
    # Mangum takes the event loop at import.
    asyncio.set_event_loop(asyncio.new_event_loop())
    from functions.feedback.handler import handler

    return handler


def faults(store: Store, made: Plan, count: Count) -> list[str]:
    """What went wrong, if anything did: nothing is lost, nothing is there twice, the last word counts."""
    labels = read_labels(ModelStore(store, MODEL), set(map(day_of, made.logged)))
    found = []
    if lost := {id_ for id_, said in made.kept.items() if said != _said(labels.get(id_, ()))}:
        found.append(f"{len(lost)} predictions do not have the labels they were given: {sorted(lost)[:3]}")
    if strange := labels.keys() - made.kept.keys():
        found.append(f"{len(strange)} predictions that nobody made have labels")
    known = {id_: last for id_, last in made.corrected.items() if id_ in labels}
    if wrong := [id_ for id_, last in known.items() if labels[id_][-1].outcome is not last]:
        found.append(f"of {len(wrong)} predictions it is not the correction that counts")
    kept = sum(map(len, made.kept.values()))
    if sum(map(len, labels.values())) != kept:
        found.append(f"{sum(map(len, labels.values()))} labels are kept of {kept}")
    if count.told["NOT_FOUND"] != made.unknown:
        found.append(
            f"{count.told['NOT_FOUND']} posts were refused, {made.unknown} were of unknown predictions"
        )
    if count.told.total() != sum(map(len, made.clients)) or count.told.keys() - _FATES:
        found.append(f"the clients were told {dict(count.told)}")
    expected = {"labelled": len(made.kept), "labels": kept, "corrections": len(made.corrected), "open": 0}
    if {name: count.progress.get(name) for name in expected} != expected:
        found.append(f"progress says {count.progress}, it is {expected}")
    return found


_FATES = {"recorded", "repeated", "NOT_FOUND"}


def _said(labels: Sequence[Label]) -> set[tuple[str, bool]]:
    # All clients have one key, below which they give names.
    return {(label.source.rpartition("/")[2], label.outcome) for label in labels}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--posts", type=int, default=10_000, help="a multiple of 16")
    made = plan(parser.parse_args().posts)
    with embedded_store() as store:
        log_predictions(store, made.logged)
        count = post_all(made)
        wrong = faults(store, made, count)
    told, posts = count.told, count.told.total()
    print(
        f"{posts:,} posts from {CLIENTS} clients in {count.seconds:.0f} s: {told['recorded']:,} recorded, "
        f"{told['repeated']:,} repeated, {told['NOT_FOUND']:,} of unknown predictions"
    )
    kept = sum(map(len, made.kept.values()))
    print("\n".join(wrong) or f"all {kept:,} labels are kept, each once, and the last word counts")
    if twice := told["recorded"] - kept:
        print(f"({twice} were recorded by two requests in the same moment, and count once)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
