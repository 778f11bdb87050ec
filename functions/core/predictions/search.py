"""The records of predictions whose ids are known, found without reading all of the log.

An id carries the time at which it was made, and its record is written soon after. So of the objects of the
hours around that time, the one that was written next is the likeliest to hold it, then the one after that.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from uuid import UUID

from pydantic import ValidationError

from functions.core.base.errors import NotFound, UnusableRecord
from functions.core.base.ids import time_of
from functions.core.base.logs import log
from functions.core.predictions.records import (
    READ_AT_ONCE,
    PredictionRecord,
    bodies,
    day_of,
    folders,
    listed,
    parse_line,
    within,
)
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore

Read = Callable[[Sequence[Entry], Set[str]], Iterable[Mapping[str, PredictionRecord]]]
"""The records that each object holds, by id: at least those of the ids."""

Fetch = Callable[[Sequence[Entry]], Iterable[bytes]]
"""What objects hold, in order."""

# No two clocks agree.
_CLOCKS = timedelta(minutes=1)
# For one record. At 100 predictions a second an object has 12 MB.
_MAX_OBJECTS = 100
_MAX_BYTES = 256 * 2**20
_ID = re.compile(rb'"prediction_id":\s*"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Findings:
    """`records` by id. `undecided`: the ids that may have a record in an object beyond the limits. `damaged`:
    those of which a line was found that is none any more."""

    records: dict[str, PredictionRecord]
    undecided: set[str]
    damaged: set[str] = field(default_factory=set)


def find(store: ModelStore, prediction_id: str) -> PredictionRecord:
    """The record of a prediction.

    Raises `ValueError` when it is no prediction id, `NotFound` when there is no record of it, or not yet, or
    none in as much of the log as is read for one; `UnusableRecord` when it is damaged.
    """
    id_ = str(UUID(prediction_id))
    findings = search(store, made_by_now([id_]), max_objects=_MAX_OBJECTS, max_bytes=_MAX_BYTES)
    if id_ not in findings.records and findings.damaged:
        raise UnusableRecord(f"the record of prediction {id_} is damaged")
    if findings.undecided:
        raise NotFound(
            "the record of such a prediction is not among the likeliest objects of the log, of which up to "
            f"{_MAX_OBJECTS} or {_MAX_BYTES >> 20} MiB are read"
        )
    if id_ not in findings.records:
        raise NotFound(
            f"there is no record of such a prediction of the model {store.model}; records arrive some "
            "minutes after the answer, and where only a share of the predictions is logged, the others have "
            "none"
        )
    return findings.records[id_]


def made_by_now(ids: Iterable[str]) -> set[str]:
    """Those of `ids` that can have been made by now. Raises `ValueError` when one is no prediction id."""
    latest = datetime.now(UTC) + _CLOCKS
    return {id_ for id_ in ids if time_of(id_) <= latest}


def search(
    store: ModelStore,
    ids: Iterable[str],
    *,
    max_objects: int,
    max_bytes: int,
    fetch: Fetch | None = None,
    read: Read | None = None,
) -> Findings:
    """The records of predictions, the likeliest objects of each first, several objects at once.

    max_objects, max_bytes: of the log, that may be read. fetch: from where objects come, if not from `store`;
    read: from where records do.
    Raises `ValueError` when one of `ids` is no prediction id.
    """
    damaged: set[str] = set()
    fetch = fetch or (lambda entries: bodies(store, entries))
    read = read or (
        lambda entries, wanted: (_pick(body, wanted, store.model, damaged) for body in fetch(entries))
    )
    missing = _candidates(store, ids)
    records: dict[str, PredictionRecord] = {}
    seen: set[str] = set()
    depth = 1
    while missing:
        entries = _nearest(missing, seen, depth)
        allowed = entries[: within(entries, max_objects=max_objects, max_bytes=max_bytes)]
        for start in range(0, len(allowed), READ_AT_ONCE):
            if not missing:
                break
            for batch in read(allowed[start : start + READ_AT_ONCE], missing.keys()):
                for id_ in missing.keys() & batch.keys():
                    records[id_] = batch[id_]
                    del missing[id_]
        if len(allowed) < len(entries):
            return Findings(records, set(missing), damaged)
        max_objects -= len(allowed)
        max_bytes -= sum(entry.size for entry in allowed)
        seen |= {entry.key for entry in entries}
        # The first is most often the right one. Where it was not, a few at once cost no more time than one.
        depth = min(2 * depth, READ_AT_ONCE)
    return Findings(records, set(), damaged)


def _nearest(missing: dict[str, Iterator[Entry]], seen: Set[str], depth: int) -> list[Entry]:
    """Up to `depth` objects for each id that is missing, without those that were `seen`, each object once. An
    id without any is taken out of `missing`."""
    due: dict[str, Entry] = {}
    for id_, candidates in list(missing.items()):
        nearest = list(islice((entry for entry in candidates if entry.key not in seen), depth))
        due.update((entry.key, entry) for entry in nearest)
        if not nearest:
            del missing[id_]
    return list(due.values())


def _candidates(store: ModelStore, ids: Iterable[str]) -> dict[str, Iterator[Entry]]:
    """The objects that may hold the record of each id, the likeliest first."""
    made = {id_: time_of(id_) for id_ in ids}
    hours = {id_: frozenset(folders(moment)) for id_, moment in made.items()}
    days = listed(store, sorted({day_of(hour) for some in hours.values() for hour in some}))

    @cache
    def written(folders: frozenset[str]) -> list[Entry]:
        prefixes = tuple(folders)
        entries = (entry for day in sorted({day_of(folder) for folder in folders}) for entry in days[day])
        return sorted(
            (entry for entry in entries if entry.key.startswith(prefixes)), key=lambda entry: entry.modified
        )

    return {id_: _likeliest(written(hours[id_]), moment) for id_, moment in made.items()}


def _likeliest(entries: Sequence[Entry], made: datetime) -> Iterator[Entry]:
    """entries: in the order in which they were written."""
    # S3 tells the time of an object in whole seconds.
    next_ = bisect_left(entries, made.replace(microsecond=0), key=lambda entry: entry.modified)
    yield from entries[next_:]
    for entry in reversed(entries[:next_]):
        if entry.modified < made - _CLOCKS:
            return
        yield entry


def _pick(body: bytes, ids: Set[str], model: str, damaged: set[str]) -> dict[str, PredictionRecord]:
    """The records of these ids that are of this model, without parsing any other.

    damaged: where the ids go whose lines cannot be read.
    """
    records = {}
    for name in _ID.finditer(body):
        if (id_ := name[1].decode(errors="replace")) not in ids:
            continue
        end = body.find(b"\n", name.end())
        line = body[body.rfind(b"\n", 0, name.start()) + 1 : end if end >= 0 else len(body)]
        try:
            record = parse_line(line)
        except ValidationError:
            log("WARNING", "a line of the prediction log is damaged", prediction_id=id_)
            damaged.add(id_)
            continue
        if record.model == model:
            records[record.prediction_id] = record
    return records
