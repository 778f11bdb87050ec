"""What the tests of feedback share: a store with logged predictions, and what is said of them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from functions.core.base.ids import time_of
from functions.core.predictions.labels import read_labels
from functions.core.predictions.records import folder
from functions.core.registry import deployment
from functions.core.schema.schema import Schema
from functions.core.storage.contract import Blob
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support import versions
from tests.support.production import SOMEBODY, VERSION, ids_of, logged_line
from tests.support.titanic import MODEL, SCHEMA

Call = Callable[..., tuple[int, Any]]
# Some predictions are made in the milliseconds after it.
NOW = datetime.now(UTC) - timedelta(minutes=1)


class Bench(ModelStore):
    """A model's part of a store that predictions are shipped to, with a champion; it counts what is read."""

    def __init__(
        self, root: Path, model: str = MODEL, schema: Schema = SCHEMA, row: Mapping[str, Any] = SOMEBODY
    ) -> None:
        super().__init__(FolderStore(str(root)), model)
        self.root = root
        self.read: list[str] = []
        self._row = row
        # Of which each prediction has another, unless it is said: equal rows are one.
        names = ("fare", "charges", "size", "amount", "degrees")
        self._amount = next((name for name in names if name in row), None)
        self._amounts = count()
        if VERSION not in {entry.key.split("/")[1] for entry in self.list("models/")}:
            versions.publish(self, VERSION, schema=schema)
            deployment.promote(self, VERSION, expected=None, by="test", reason="the first")
        self.read.clear()

    def get(self, key: str) -> Blob:
        self.read.append(key)
        return super().get(key)

    def ship(self, *lines: bytes, at: datetime = NOW, name: str = "a") -> None:
        self.put(f"{folder(at)}{name}.jsonl", b"".join(lines))

    def predict(
        self, *probabilities: float, at: datetime = NOW, features: Mapping[str, Any] = {}, **changes: Any
    ) -> list[str]:
        """Log a prediction of each probability, a millisecond apart, and return their ids.

        features: in which the row is another than usual. No two rows are equal, unless a fare is among them.
        """
        ids: list[str] = []
        for number in range(len(probabilities)):
            ids += ids_of(1, at + timedelta(milliseconds=number))
        lines = []
        for id_, probability in zip(ids, probabilities, strict=True):
            row = {**self._row, **features}
            if self._amount:
                row = {**row, self._amount: self._row[self._amount] + next(self._amounts), **features}
            about = {"model": self.model, "features": row} | changes
            lines.append(logged_line(id_, probability=probability, **about))
        self.ship(*lines, at=at, name=ids[0])
        return ids

    def labels(self, *ids: str) -> list[list[tuple[str, bool]]]:
        """What was said of each prediction, oldest first."""
        found = read_labels(self, {time_of(id_).date() for id_ in ids})
        return [[(label.source, label.outcome) for label in found.get(id_, ())] for id_ in ids]

    def end_leases(self) -> None:
        """Have all leases written so long ago that they have ended."""
        for entry in list(self.list("feedback/leases/")):
            lease = json.loads(self.get(entry.key).body) | {"until": "2026-01-01T00:00:00Z"}
            self.put(entry.key, json.dumps(lease).encode())


def say(id_: str, survived: object = True, **more: Any) -> dict[str, Any]:
    return {"prediction_id": id_, "survived": survived, **more}


def queue(call: Call, query: str = "", *, below: str = "", **options: Any) -> list[str]:
    """The ids that the queue hands out. below: `/models/{model}`, where it is not the default model's."""
    status, page = call("GET", f"{below}/feedback/queue?{query}", **options)
    assert status == 200, page
    return [item["prediction_id"] for item in page["items"]]
