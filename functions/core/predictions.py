"""The prediction log in the store: what a record holds, where it lies, and how one is found again.

Records are JSON lines in `predictions/dt=YYYY-MM-DD/hour=HH/….jsonl`. The hour (UTC) is that at which the
oldest line of the object arrived, so a record may lie in the hour before its own, or in the next. Shipping
delivers at least once: a line may be there twice. Among the predictions stand refusals: what predict did not
score because it does not fit.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from functions.core.errors import NotFound
from functions.core.ids import time_of
from functions.core.manifest import Record
from functions.core.passenger import FEATURES
from functions.core.store import Entry, Store

Value = float | str | None

# The most that Firehose can be told to collect before it writes; template.yaml tells it a minute.
_COLLECTED = timedelta(minutes=15)
# CloudWatch Logs and Firehose need a minute or two. What comes later than an hour is not looked for.
_ON_THE_WAY = timedelta(hours=1)
# S3 tells the time of an object in whole seconds, and no two clocks agree.
_CLOCKS = timedelta(minutes=1)
# A search reads the objects written since the prediction, oldest first: the record is in one of the first.
_MOST_OBJECTS = 100
_MOST_BYTES = 256 * 1024 * 1024


def _complete(values: dict[str, Value]) -> dict[str, Value]:
    for name, categories in FEATURES.items():
        # No feature has "" for a value: None is what is missing.
        value = values.get(name, "")
        if value is not None and (value not in categories if categories else isinstance(value, str)):
            raise ValueError(f"{name} is missing or has no value that it can have")
    return values


class PredictionRecord(Record):
    """What was asked, what was answered, by which model. There is no name in it.

    `features` are the values that the graph was given: float32 numbers, categories, None for missing.
    `probability` is the float32 that was answered. `key_id` tells which key asked; it is no secret.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    prediction_id: str
    timestamp: datetime
    version: str
    key_id: str
    request_id: str
    probability: float = Field(ge=0, le=1)
    features: Annotated[dict[str, Value], AfterValidator(_complete)]


class RefusalRecord(Record):
    """A request in which passengers were refused because they do not fit. No value that was sent is in it.

    rows: how many passengers. fields: how often each field was at fault; `other` stands for a name that is no
    field's, and for what is wrong with a row or a body as a whole.
    """

    refusal_id: str
    timestamp: datetime
    key_id: str
    request_id: str
    rows: int = Field(ge=1)
    fields: dict[str, int]


def parse_line(line: bytes) -> PredictionRecord:
    """Raises `ValueError` when the line is damaged, or a refusal's."""
    return PredictionRecord.model_validate_json(line)


class Reading:
    """The predictions in the objects of `bodies`, each of them once. Damaged lines are passed over.

    To be iterated over; afterwards `damaged` tells how many lines those were, and `refused` how many
    passengers the refusals among the lines are about, each refusal counted once; `faults` in which fields.
    """

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self._bodies = bodies
        self.damaged = 0
        self.refused = 0
        self.faults: Counter[str] = Counter()

    def __iter__(self) -> Iterator[PredictionRecord]:
        seen: set[str] = set()
        for body in self._bodies:
            for line in filter(None, body.split(b"\n")):
                try:
                    record = parse_line(line)
                except ValidationError:
                    self._count_refusal(line, seen)
                    continue
                if record.prediction_id not in seen:
                    seen.add(record.prediction_id)
                    yield record

    def _count_refusal(self, line: bytes, seen: set[str]) -> None:
        try:
            refusal = RefusalRecord.model_validate_json(line)
        except ValidationError:
            self.damaged += 1
            return
        if refusal.refusal_id not in seen:
            seen.add(refusal.refusal_id)
            self.refused += refusal.rows
            self.faults.update(refusal.fields)


def folder(moment: datetime) -> str:
    """The prefix of the objects of the hour that `moment` lies in."""
    return f"predictions/{moment.astimezone(UTC):dt=%Y-%m-%d/hour=%H}/"


def read_hour(store: Store, hour: datetime) -> Reading:
    """The records of one hour's folder. One object is in memory at a time."""
    return Reading(store.get(entry.key).body for entry in store.list(folder(hour)))


def objects(store: Store, start: datetime, end: datetime) -> Iterator[Entry]:
    """The objects that may hold records made from `start` to `end`, in the order of their hours."""
    first, last = folder(start - _COLLECTED), folder(end + _ON_THE_WAY)
    day = (start - _COLLECTED).astimezone(UTC).date()
    # A listing takes a thousand keys at once: fewer listings of a day than of its hours.
    while (prefix := f"predictions/dt={day}/") <= last:
        for entry in store.list(prefix):
            if first <= entry.key[: len(first)] <= last:
                yield entry
        day += timedelta(days=1)


def find(store: Store, prediction_id: str) -> PredictionRecord:
    """The record of a prediction, looked for in what was written from the time on that its id carries.

    Raises `ValueError` when it is no prediction id, `NotFound` when there is no record of it, or not yet.
    """
    made, id_ = time_of(prediction_id), str(UUID(prediction_id))
    for entry in _candidates(store, made):
        if record := _pick(store.get(entry.key).body, id_):
            return record
    raise NotFound(
        "there is no record of such a prediction; records arrive some minutes after the answer, "
        "and where only a share of the predictions is logged, the others have none"
    )


def _candidates(store: Store, made: datetime) -> Iterator[Entry]:
    """The objects that may hold a record made then, the likeliest first."""
    if made > datetime.now(UTC) + _CLOCKS:
        return
    folders = {folder(made + late) for late in (-_COLLECTED, timedelta(0), _ON_THE_WAY)}
    entries = [entry for one in folders for entry in store.list(one)]
    written = [entry for entry in entries if entry.modified >= made - _CLOCKS]
    read = 0
    for entry in sorted(written, key=lambda entry: entry.modified)[:_MOST_OBJECTS]:
        read += entry.size
        if read > _MOST_BYTES:
            return
        yield entry


def _pick(body: bytes, id_: str) -> PredictionRecord | None:
    """The record of that id, without parsing any other."""
    at = body.find(id_.encode())
    while at >= 0:
        end = body.find(b"\n", at)
        line = body[body.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(body)]
        try:
            record = parse_line(line)
        except ValidationError:
            pass
        else:
            if record.prediction_id == id_:
                return record
        at = body.find(id_.encode(), at + 1)
    return None
