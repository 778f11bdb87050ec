"""What production leaves behind, for tests of what is made of it: a prediction log, and outcomes."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.core.base.ids import new_ids, time_of
from functions.core.predictions import labels
from functions.core.predictions.labels import Label
from functions.core.predictions.records import Value, folder
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Manifest
from functions.core.schema.columns import to_columns, to_rows
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL

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
"""The features of a row, as they are logged."""


def champion_of(store: ModelStore) -> Manifest:
    return versions.read_manifest(store, deployment.read_champion(store)[0].version)


def predict(
    store: ModelStore, rows: Sequence[Mapping[str, Any]], at: datetime, *, version: str | None = None
) -> dict[str, float]:
    """Have the champion score `rows` and log that, in one object, as of `at`. The probabilities by id.

    version: another one that is to have answered.
    """
    manifest = champion_of(store)
    schema = manifest.schema_of_rows
    reader = RowReader(schema)
    columns = to_columns([reader.read(row).values for row in rows], schema)
    scored = Scorer(versions.read_model(store, manifest), schema).run(columns).probability.tolist()
    answered = dict(zip(ids_of(len(rows), at), scored, strict=True))
    lines = [
        logged_line(
            id_,
            model=store.model,
            version=version or manifest.version,
            probability=probability,
            features=features,
        )
        for (id_, probability), features in zip(answered.items(), to_rows(columns), strict=True)
    ]
    key = f"{folder(at)}{new_ids(1)[0]}.jsonl"
    store.put(key, b"".join(lines))
    if isinstance(store._store, FolderStore):
        # Who looks for a record goes by the time at which objects were written.
        os.utime(store._store._path(store.full(key)), (at.timestamp(), at.timestamp()))
    return answered


def logged_line(id_: str, **changes: Any) -> bytes:
    """A line of the prediction log, of the prediction with this id."""
    record = {
        "timestamp": time_of(id_).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "prediction",
        "model": MODEL,
        "version": VERSION,
        "key_id": "a test",
        "request_id": "",
        "prediction_id": id_,
        "probability": 0.5,
        "features": SOMEBODY,
    }
    return json.dumps(record | changes).encode() + b"\n"


def refusal_line(id_: str, rows: int, *, model: str = MODEL, **fields: int) -> bytes:
    """A line of the prediction log, of a request in which so many rows did not fit."""
    record = {
        "timestamp": time_of(id_).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "refusal",
        "refusal_id": id_,
        "model": model,
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


def label(
    store: ModelStore, prediction_id: str, outcome: bool, source: str = "a test", *, vouched: bool = False
) -> Label:
    return labels.record(
        store, prediction_id, outcome=outcome, source=source, key_id="a test", request_id="", vouched=vouched
    )[0]
