"""Predictions whose outcome was reported: labels beside what was asked and answered.

Labels are read from a listing (`core.feedback`), but what they are labels of stands somewhere in the
prediction log. What was found there is kept, by the day of the prediction, in
`monitoring/labelled/dt=YYYY-MM-DD.json`, so that the log is searched once for each label. The objects hold
nothing that is not in the log: one that is lost, or overwritten by a run that had found less, is made again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from pydantic import Field, ValidationError

from functions.core.errors import NotFound
from functions.core.feedback import PREFIX, Label, read_labels
from functions.core.ids import time_of
from functions.core.manifest import Record
from functions.core.predictions import Value, objects, parse_line
from functions.core.store import Store

_FOLDER = "monitoring/labelled/"
_LABELS = f"{PREFIX}dt="
_ID = re.compile(rb'"prediction_id":\s*"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was asked, what `version` answered, and what happened. `source` said so last."""

    prediction_id: str
    version: str
    probability: float
    features: dict[str, Value]
    survived: bool
    source: str


class _Found(Record):
    version: str
    probability: float
    features: dict[str, Value]


class _Day(Record):
    """The labelled predictions of a day by id; None for one of which the log has no record."""

    predictions: dict[str, _Found | None] = Field({})


def labelled_days(store: Store) -> set[date]:
    """The days (UTC) on which predictions were made whose outcome was reported."""
    found = set()
    for entry in store.list(_LABELS):
        with suppress(ValueError):
            found.add(date.fromisoformat(entry.key[len(_LABELS) :][:10]))
    return found


def fingerprint(store: Store) -> str:
    """Tells all labels there are from those of another time, without reading any: their names say it all."""
    digest = hashlib.sha256()
    for entry in store.list(_LABELS):
        digest.update(f"{entry.key}\n".encode())
    return digest.hexdigest()[:16]


def read_labelled(store: Store, days: Iterable[date]) -> list[Labelled]:
    """The labelled predictions made on `days` (UTC), in the order of their ids, with the label that counts.

    Labels of predictions that the log has no record of are left out.
    """
    found: list[Labelled] = []
    for day in sorted(set(days)):
        labels = {id_: told[-1] for id_, told in read_labels(store, [day]).items()}
        if labels:
            predictions = _predictions(store, day, set(labels))
            found += _joined(labels, predictions)
    return sorted(found, key=lambda one: one.prediction_id)


def _joined(labels: dict[str, Label], predictions: dict[str, _Found | None]) -> Iterator[Labelled]:
    for id_, label in labels.items():
        if prediction := predictions[id_]:
            yield Labelled(
                id_,
                prediction.version,
                prediction.probability,
                prediction.features,
                label.survived,
                label.source,
            )


def _predictions(store: Store, day: date, ids: set[str]) -> dict[str, _Found | None]:
    key = f"{_FOLDER}dt={day}.json"
    try:
        known = _Day.model_validate_json(store.get(key).body).predictions
    except (NotFound, ValidationError):
        known = {}
    missing = ids - known.keys()
    if missing:
        known = known | _search(store, missing)
        store.put(key, _Day(predictions=known).model_dump_json().encode())
    return known


def _search(store: Store, ids: set[str]) -> dict[str, _Found | None]:
    """The records of predictions of one day; None for those that the log does not have."""
    found: dict[str, _Found | None] = {}
    moments = sorted(map(time_of, ids))
    for entry in objects(store, moments[0], moments[-1]):
        for line in store.get(entry.key).body.split(b"\n"):
            # Of a million lines few are looked for: only those are parsed.
            name = _ID.search(line)
            if name and name[1].decode(errors="replace") in ids:
                try:
                    record = parse_line(line)
                except ValidationError:
                    continue
                found[record.prediction_id] = _Found.model_validate(record, from_attributes=True)
        if found.keys() == ids:
            break
    return dict.fromkeys(ids) | found
