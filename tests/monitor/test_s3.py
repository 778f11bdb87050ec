"""The monitor's datasets on a real S3 protocol: one after the other, each with the champion of the last."""

import csv
from datetime import UTC, datetime
from typing import Any

from functions.core.registry import deployment
from functions.core.storage.s3 import S3Store
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.monitor.monitoring import monitor, serve
from tests.support.production import champion_of, label
from tests.support.titanic import MODEL, SCHEMA, TABLE
from tests.support.uploads import BUCKET, Event, arrive, record, retrain


def test_datasets_follow_one_another_and_what_was_measured_by_stays_so(s3: Any, event: Event) -> None:
    store = ModelStore(S3Store(BUCKET), MODEL)
    store.put(SCHEMA_KEY, SCHEMA.as_json())
    arrive(s3, event, "datasets/titanic/titanic.csv", TABLE.read_bytes())
    marks: set[str] = set()
    for labels in (30, 60):
        now = datetime.now(UTC)
        for id_, survived in serve(store, 30, now, seed=labels).items():
            label(store, id_, survived)
        training = monitor(store, now, requested=True).training
        assert (training.outcome, training.labels) == ("uploaded", labels)
        assert training.dataset is not None
        [result] = retrain(record(event, training.dataset))
        if result["status"] != "promoted":
            deployment.promote_by_hand(store, result["version"], by="test", reason="a test", force=True)
        assert champion_of(store).dataset.key == training.dataset
        rows = csv.DictReader(store.get(store.relative(training.dataset)).body.decode().splitlines())
        before = marks
        marks = {
            row["prediction_id"] for row in rows if row["representative"] == "1" and row["prediction_id"]
        }
        assert before < marks
