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
from functions.core.base.ids import VERSION
from functions.core.base.logs import log
from functions.core.base.records import Record
from functions.core.predictions.labels import PREFIX, Label, day_of, read_labels
from functions.core.predictions.records import Value, features_fit
from functions.core.predictions.search import Fetch, search
from functions.core.schema.schema import Schema
from functions.core.storage.view import ModelStore

_FOLDER = "monitoring/labelled/"
_LABELS = f"{PREFIX}dt="
# Of the log, for labels whose predictions are not known yet. A GET takes some 25 ms, eight run at once, and
# they bring some 50 MB a second: 25 s at most.
_MAX_OBJECTS = 2_000
_MAX_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was asked, what `version` answered, and what happened, as `source` said. key_id, vouched: as in
    `core.predictions.labels.Label`."""

    prediction_id: str
    version: str
    probability: float
    features: dict[str, Value]
    outcome: bool
    source: str
    key_id: str = ""
    vouched: bool = False


class _Prediction(Record):
    version: str = Field(pattern=VERSION)
    probability: float = Field(strict=True, ge=0, le=1)
    features: dict[str, Value]


class _Day(Record):
    """The labelled predictions of a day by id; None for one of which the log has no record."""

    predictions: dict[str, _Prediction | None] = Field({})


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """What the names of all labels say. fingerprint: a hash that changes when any label changes. by_day: how
    many predictions of each day (UTC) were labelled."""

    fingerprint: str
    by_day: Mapping[date, int]


def read_label_index(store: ModelStore) -> LabelIndex:
    """The names of all labels there are, in one listing: they tell who said what of which prediction."""
    digest, by_day, last = hashlib.sha256(), Counter[date](), ""
    for entry in store.list(_LABELS):
        digest.update(f"{entry.key}\n".encode())
        folder = entry.key.rpartition("/")[0]
        if folder != last:
            last = folder
            with suppress(ValueError):
                by_day[date.fromisoformat(folder[len(_LABELS) :][:10])] += 1
    return LabelIndex(digest.hexdigest()[:16], by_day)


def labels_fingerprint(labelled: Iterable[Labelled]) -> str:
    """A hash that changes when any of these labels changes, or who vouches for it."""
    text = "".join(f"{label.prediction_id}{label.outcome:d}{labeller_of(label)}" for label in labelled)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def labeller_of(label: Labelled) -> str:
    """The key that a label was reported with; "" for one that is vouched for."""
    # Earlier releases did not write down the key where it is looked for.
    return "" if label.vouched else label.key_id or "unknown"


def read_labelled(
    store: ModelStore, days: Iterable[date], schema: Schema, fetch: Fetch | None = None
) -> list[Labelled]:
    """The labelled predictions made on `days` (UTC), in the order of their ids, with the label that counts.

    Labels of predictions that the log has no record of, or none that was found yet, are left out, and those
    of which the record does not fit `schema`: other versions may have been asked about other features.
    fetch: as of `search`.
    """
    return _read(store, days, schema, fetch)[0]


def newest_labelled(
    store: ModelStore, index: LabelIndex, max_labels: int, schema: Schema, fetch: Fetch | None = None
) -> tuple[list[Labelled], int]:
    """The up to `max_labels` labelled predictions that were made last, as `read_labelled` returns them; and
    of how many others it is not known yet whether the log has a record."""
    days: list[date] = []
    count = 0
    for day, predictions in sorted(index.by_day.items(), reverse=True):
        if count < max_labels:
            days.append(day)
            count += predictions
    labelled, waiting = _read(store, days, schema, fetch)
    return labelled[-max_labels:], waiting


def _read(
    store: ModelStore, days: Iterable[date], schema: Schema, fetch: Fetch | None
) -> tuple[list[Labelled], int]:
    labels: dict[date, dict[str, Label]] = {day: {} for day in sorted(set(days))}
    given = read_labels(store, labels)
    # Ids begin with their time: in the order of days and of ids, all are in the order of ids.
    for id_ in sorted(given):
        labels[day_of(id_)][id_] = given[id_][-1]
    known = {day: _known(store, day) for day, of_day in labels.items() if of_day}
    missing = {id_ for day, predictions in known.items() for id_ in labels[day].keys() - predictions.keys()}
    records = _search(store, missing, fetch)
    for day, predictions in known.items():
        if new := {id_: records[id_] for id_ in labels[day] if id_ in records}:
            predictions.update(new)
            store.put(_key(day), _Day(predictions=predictions).model_dump_json().encode())
    joined = [
        labelled for day, predictions in known.items() for labelled in _joined(labels[day], predictions)
    ]
    fitting = [labelled for labelled in joined if features_fit(labelled.features, schema)]
    return fitting, len(missing - records.keys())


def _joined(labels: dict[str, Label], predictions: dict[str, _Prediction | None]) -> Iterator[Labelled]:
    for id_, label in labels.items():
        if prediction := predictions.get(id_):
            yield Labelled(
                id_,
                prediction.version,
                prediction.probability,
                prediction.features,
                label.outcome,
                label.source,
                label.key_id,
                label.vouched,
            )


def _key(day: date) -> str:
    return f"{_FOLDER}dt={day}.json"


def _known(store: ModelStore, day: date) -> dict[str, _Prediction | None]:
    """What was found of a day before; of a record that is damaged, nothing: it is made again from the log."""
    try:
        return _Day.model_validate_json(store.get(_key(day)).body).predictions
    except NotFound:
        return {}
    except ValidationError:
        log("WARNING", "a record of labelled predictions is damaged; it is made again", key=_key(day))
        return {}


def _search(store: ModelStore, ids: set[str], fetch: Fetch | None) -> dict[str, _Prediction | None]:
    """The records of predictions; None for those that the log does not have.

    What is in neither was not found in as much of the log as is read at once: the next run goes on.
    """
    if not ids:
        return {}
    findings = search(store, ids, max_objects=_MAX_OBJECTS, max_bytes=_MAX_BYTES, fetch=fetch)
    if findings.undecided:
        log(
            "WARNING",
            "labels wait: the log is too long to find all of them at once",
            model=store.model,
            ids=len(findings.undecided),
        )
    records: dict[str, _Prediction | None] = {
        id_: _Prediction.model_validate(record, from_attributes=True)
        for id_, record in findings.records.items()
    }
    return dict.fromkeys(ids - findings.undecided) | records
