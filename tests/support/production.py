"""What production leaves behind, for tests of what is made of it: a prediction log, and outcomes."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from functions.core.base.ids import new_ids, time_of
from functions.core.predictions import labels
from functions.core.predictions.labels import Label
from functions.core.predictions.records import Value, folder
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Manifest
from functions.core.schema.columns import to_columns, to_rows
from functions.core.schema.passenger import Passenger
from functions.core.schema.table import read_passengers
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from tests.conftest import TITANIC

VERSION = "0" * 16
SOMEBODY: dict[str, Value] = {
    "pclass": 3.0,
    "sex": "male",
    "age": 22.5,
    "sibsp": 1.0,
    "parch": 0.0,
    "fare": 7.25,
    "embarked": "S",
    "title": None,
}
"""The features of a passenger, as they are logged."""


def champion_of(store: Store) -> Manifest:
    return versions.read_manifest(store, deployment.read_champion(store)[0].version)


def predict(
    store: Store, passengers: Sequence[Passenger], at: datetime, *, version: str | None = None
) -> dict[str, float]:
    """Have the champion score `passengers` and log that, in one object, as of `at`. The probabilities by id.

    version: another one that is to have answered.
    """
    manifest = champion_of(store)
    columns = to_columns(passengers)
    scored = Scorer(versions.read_model(store, manifest)).run(columns).probability.tolist()
    answered = dict(zip(ids_of(len(passengers), at), scored, strict=True))
    lines = [
        logged_line(id_, version=version or manifest.version, probability=probability, features=row)
        for (id_, probability), row in zip(answered.items(), to_rows(columns), strict=True)
    ]
    key = f"{folder(at)}{new_ids(1)[0]}.jsonl"
    store.put(key, b"".join(lines))
    if isinstance(store, FolderStore):
        # Who looks for a record goes by the time at which objects were written.
        os.utime(store._path(key), (at.timestamp(), at.timestamp()))
    return answered


def logged_line(id_: str, **changes: Any) -> bytes:
    """A line of the prediction log, of the prediction with this id."""
    record = {
        "timestamp": time_of(id_).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "prediction",
        "version": VERSION,
        "key_id": "a test",
        "request_id": "",
        "prediction_id": id_,
        "probability": 0.5,
        "features": SOMEBODY,
    }
    return json.dumps(record | changes).encode() + b"\n"


def refusal_line(id_: str, rows: int, **fields: int) -> bytes:
    """A line of the prediction log, of a request in which so many passengers did not fit."""
    record = {
        "timestamp": time_of(id_).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "refusal",
        "refusal_id": id_,
        "key_id": "a test",
        "request_id": "",
        "rows": rows,
        "fields": fields,
    }
    return json.dumps(record).encode() + b"\n"


def ids_of(count: int, at: datetime) -> list[str]:
    """Ids as predictions made `at` have them."""
    made = f"{int(at.timestamp() * 1000):012x}"
    return [f"{made[:8]}-{made[8:]}{id_[13:]}" for id_ in new_ids(count)]


def label(store: Store, prediction_id: str, survived: bool, source: str = "a test") -> Label:
    return labels.record(
        store, prediction_id, survived=survived, source=source, key_id="a test", request_id=""
    )[0]


def people(count: int, *, seed: int = 0, older: float = 0) -> list[tuple[Passenger, bool]]:
    """Real passengers drawn at random, all of them `older` by some years, and whether they survived."""
    with TITANIC.open("rb") as file:
        [chunk] = read_passengers(file, labelled=True)
    rows = to_rows(chunk.columns)
    drawn = np.random.default_rng(seed).integers(len(rows), size=count).tolist()
    return [(_older(rows[at], older), bool(chunk.survived[at])) for at in drawn]


def _older(row: dict[str, Any], years: float) -> Passenger:
    age = row["age"]
    return Passenger(**row | {"age": age if age is None else min(age + years, 120)})
