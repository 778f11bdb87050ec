"""Predictions whose outcome was reported: labels beside what was asked and answered.

Labels are read from a listing (`core.feedback`), but what they are labels of stands somewhere in the
prediction log (`core.prediction_search`). What was found there is kept, by the day of the prediction, in
`monitoring/labelled/dt=YYYY-MM-DD.json`, so that the log is searched once for each label. The objects hold
nothing that is not in the log: one that is lost, or overwritten by a run that had found less, is made again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from pydantic import Field, ValidationError

from functions.core.errors import NotFound
from functions.core.feedback import PREFIX, Label, read_labels
from functions.core.logs import log
from functions.core.manifest import Record
from functions.core.prediction_search import search
from functions.core.predictions import Value
from functions.core.store import Store

_FOLDER = "monitoring/labelled/"
_LABELS = f"{PREFIX}dt="
# Of the log, for the labels of a day. A GET takes some 25 ms, eight run at once, and they bring some 50 MB a
# second: 25 s at most.
_MOST_OBJECTS = 2_000
_MOST_BYTES = 2**30


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


def _labelled_days(store: Store) -> set[date]:
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

    Labels of predictions that the log has no record of, or none that was found yet, are left out.
    """
    found: list[Labelled] = []
    for day in sorted(set(days)):
        labels = {id_: told[-1] for id_, told in read_labels(store, [day]).items()}
        if labels:
            # Ids begin with their time: in the order of days and of ids, all are in the order of ids.
            found += _joined(dict(sorted(labels.items())), _predictions(store, day, set(labels)))
    return found


def newest_labelled(store: Store, most: int) -> list[Labelled]:
    """The up to `most` labelled predictions that were made last, as `read_labelled` returns them."""
    found: list[Labelled] = []
    for day in sorted(_labelled_days(store), reverse=True):
        found = read_labelled(store, [day]) + found
        if len(found) >= most:
            break
    return found[-most:]


def _joined(labels: dict[str, Label], predictions: dict[str, _Found | None]) -> Iterator[Labelled]:
    for id_, label in labels.items():
        if prediction := predictions.get(id_):
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
    """The records of predictions of one day; None for those that the log does not have.

    What is in neither was not found in as much of the log as is read for a day: the next run goes on.
    """
    findings = search(store, ids, most_objects=_MOST_OBJECTS, most_bytes=_MOST_BYTES)
    if findings.undecided:
        log(
            "WARNING",
            "labels wait: the log is too long to find all of a day at once",
            ids=len(findings.undecided),
        )
    found = {
        id_: _Found.model_validate(record, from_attributes=True) for id_, record in findings.records.items()
    }
    return dict.fromkeys(ids - findings.undecided) | found
