"""Predictions whose outcome was reported: labels beside what was asked and answered.

Labels are read from a listing (`core.predictions.labels`), but what they are labels of stands somewhere
in the prediction log (`core.predictions.search`). What was found there is kept, by the day of the prediction,
in `monitoring/labelled/dt=YYYY-MM-DD.json`, so that the log is searched once for each label. The objects hold
nothing that is not in the log: one that is lost, or overwritten by a run that had found less, is made again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from pydantic import Field, ValidationError

from functions.core.base.errors import NotFound
from functions.core.base.logs import log
from functions.core.base.records import Record
from functions.core.predictions.labels import PREFIX, Label, read_labels
from functions.core.predictions.records import Value
from functions.core.predictions.search import search
from functions.core.storage.contract import Store

_FOLDER = "monitoring/labelled/"
_LABELS = f"{PREFIX}dt="
# Of the log, for labels whose predictions are not known yet. A GET takes some 25 ms, eight run at once, and
# they bring some 50 MB a second: 25 s at most.
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


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of all labels say. `digest` tells them from those of another time; `predictions`: how
    many were labelled of each day (UTC)."""

    digest: str
    predictions: Mapping[date, int]


def read_names(store: Store) -> Names:
    """The names of all labels there are, in one listing: they tell who said what of which prediction."""
    digest, predictions, last = hashlib.sha256(), Counter[date](), ""
    for entry in store.list(_LABELS):
        digest.update(f"{entry.key}\n".encode())
        folder = entry.key.rpartition("/")[0]
        if folder != last:
            last = folder
            with suppress(ValueError):
                predictions[date.fromisoformat(folder[len(_LABELS) :][:10])] += 1
    return Names(digest.hexdigest()[:16], predictions)


def read_labelled(store: Store, days: Iterable[date]) -> list[Labelled]:
    """The labelled predictions made on `days` (UTC), in the order of their ids, with the label that counts.

    Labels of predictions that the log has no record of, or none that was found yet, are left out.
    """
    return _read(store, days)[0]


def newest_labelled(store: Store, names: Names, most: int) -> tuple[list[Labelled], int]:
    """The up to `most` labelled predictions that were made last, as `read_labelled` returns them; and of how
    many others it is not known yet whether the log has a record."""
    days: list[date] = []
    count = 0
    for day, predictions in sorted(names.predictions.items(), reverse=True):
        if count < most:
            days.append(day)
            count += predictions
    found, waiting = _read(store, days)
    return found[-most:], waiting


def _read(store: Store, days: Iterable[date]) -> tuple[list[Labelled], int]:
    labels: dict[date, dict[str, Label]] = {}
    for day in sorted(set(days)):
        told = read_labels(store, [day])
        # Ids begin with their time: in the order of days and of ids, all are in the order of ids.
        labels[day] = {id_: told[id_][-1] for id_ in sorted(told)}
    known = {day: _known(store, day) for day, of_day in labels.items() if of_day}
    missing = {id_ for day, found in known.items() for id_ in labels[day].keys() - found.keys()}
    findings = _search(store, missing)
    for day, found in known.items():
        if new := {id_: findings[id_] for id_ in labels[day] if id_ in findings}:
            found.update(new)
            store.put(_key(day), _Day(predictions=found).model_dump_json().encode())
    joined = [one for day, found in known.items() for one in _joined(labels[day], found)]
    return joined, len(missing - findings.keys())


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


def _key(day: date) -> str:
    return f"{_FOLDER}dt={day}.json"


def _known(store: Store, day: date) -> dict[str, _Found | None]:
    """What was found of a day before."""
    try:
        return _Day.model_validate_json(store.get(_key(day)).body).predictions
    except (NotFound, ValidationError):
        return {}


def _search(store: Store, ids: set[str]) -> dict[str, _Found | None]:
    """The records of predictions; None for those that the log does not have.

    What is in neither was not found in as much of the log as is read at once: the next run goes on.
    """
    if not ids:
        return {}
    findings = search(store, ids, most_objects=_MOST_OBJECTS, most_bytes=_MOST_BYTES)
    if findings.undecided:
        log(
            "WARNING",
            "labels wait: the log is too long to find all of them at once",
            ids=len(findings.undecided),
        )
    found = {
        id_: _Found.model_validate(record, from_attributes=True) for id_, record in findings.records.items()
    }
    return dict.fromkeys(ids - findings.undecided) | found
