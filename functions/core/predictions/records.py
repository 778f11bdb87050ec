"""The prediction log in the store: what a record holds, and where it lies.

Records are JSON lines in `predictions/dt=YYYY-MM-DD/hour=HH/….jsonl`. The hour (UTC) is that at which the
oldest line of the object arrived, so a record may lie in the hour before its own, or in the next. Shipping
delivers at least once: a line may be there twice. Among the predictions stand refusals: what predict did not
score because it does not fit. One log serves all models: each line names its own.
"""

from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from functions.core.base.ids import MODEL, PATTERN, VERSION, time_of
from functions.core.base.records import Count, Moment, PositiveCount, Record
from functions.core.base.texts import MAX_REFERENCE
from functions.core.schema.schema import Schema
from functions.core.storage.contract import Entry, Store

# The largest float32: what is beyond it no graph was given.
_MAX_NUMBER = float.fromhex("0x1.fffffep+127")
Value = (
    Annotated[float, Field(strict=True, ge=-_MAX_NUMBER, le=_MAX_NUMBER)]
    | Annotated[str, Field(strict=True)]
    | None
)

READ_AT_ONCE = 8
# The most that Firehose can be told to collect before it writes; template.yaml tells it five minutes.
_COLLECTED = timedelta(minutes=15)
# CloudWatch Logs needs a minute or two besides. What comes later than an hour is not looked for.
_ON_THE_WAY = timedelta(hours=1)


class PredictionRecord(Record):
    """What was asked, what was answered, by which version of which model.

    `features` are the values that the graph was given: float32 numbers, categories, None for missing.
    `probability` is the float32 that was answered. `reference`: the caller's own words for the row. `key_id`
    tells which key asked; it is no secret. `took_ms`: how long the request had been worked on when its rows
    were scored.
    """

    prediction_id: str = Field(pattern=PATTERN)
    timestamp: Moment
    model: str = Field(pattern=MODEL)
    version: str = Field(pattern=VERSION)
    key_id: str
    request_id: str
    probability: float = Field(strict=True, ge=0, le=1)
    reference: str | None = Field(None, strict=True, max_length=MAX_REFERENCE)
    # One after the other: to weigh the kinds against one another takes twice as long for a whole record.
    features: dict[str, Annotated[Value, Field(union_mode="left_to_right")]]
    took_ms: float | None = Field(None, ge=0)

    def fits(self, schema: Schema) -> bool:
        """Whether the features are such as a graph of this schema can be given."""
        return features_fit(self.features, schema)


def features_fit(features: Mapping[str, Value], schema: Schema) -> bool:
    """Whether logged features are such as a graph of this schema can be given."""
    for field in schema.features:
        # No feature has "" for a value: None is what is missing.
        value = features.get(field.name, "")
        if value is None:
            continue
        if isinstance(value, str) if field.words is None else value not in field.words:
            return False
    return True


class RefusalRecord(Record):
    """A request in which rows were refused because they do not fit. No value that was sent is in it.

    rows: how many. fields: how often each field was at fault; `other` stands for a name that is no
    field's, and for what is wrong with a row or a body as a whole.
    """

    refusal_id: str = Field(pattern=PATTERN)
    model: str = Field(pattern=MODEL)
    rows: PositiveCount
    fields: dict[str, Count]


# A line is read in a sixth less of the time than by `PredictionRecord.model_validate_json`.
_read_prediction = TypeAdapter(PredictionRecord).validator.validate_json


def parse_line(line: bytes) -> PredictionRecord:
    """Raises `ValueError` when the line is damaged, or a refusal's."""
    record: PredictionRecord = _read_prediction(line)
    return record


def parse_refusal(line: bytes) -> RefusalRecord | None:
    """None when the line is damaged, or a prediction's."""
    try:
        return RefusalRecord.model_validate_json(line)
    except ValidationError:
        return None


class Reading:
    """The predictions of a model in the objects of `bodies`, each of them once. Damaged lines are passed
    over.

    To be iterated over; afterwards `damaged` tells how many lines those were, and `refused` how many
    rows the refusals among the lines are about, each refusal counted once; `faults` in which fields, and
    `refused_at` in which hours (UTC, their beginning).
    """

    def __init__(self, bodies: Iterable[bytes], model: str) -> None:
        self._bodies = bodies
        self._model = model
        self.damaged = 0
        self.refused = 0
        self.faults: Counter[str] = Counter()
        self.refused_at: Counter[datetime] = Counter()

    def __iter__(self) -> Iterator[PredictionRecord]:
        seen: set[str] = set()
        for record in parse_bodies(self._bodies):
            if record is None:
                self.damaged += 1
            elif record.model != self._model:
                continue
            elif isinstance(record, RefusalRecord):
                if record.refusal_id not in seen:
                    seen.add(record.refusal_id)
                    self._count_refusal(record)
            elif record.prediction_id not in seen:
                seen.add(record.prediction_id)
                yield record

    def _count_refusal(self, refusal: RefusalRecord) -> None:
        self.refused += refusal.rows
        self.faults.update(refusal.fields)
        self.refused_at[refused_at(refusal)] += refusal.rows


def parse_bodies(bodies: Iterable[bytes]) -> Iterator[PredictionRecord | RefusalRecord | None]:
    """What the lines of objects hold, whatever model they are of; None for each line that is damaged."""
    for body in bodies:
        for line in filter(None, body.split(b"\n")):
            try:
                yield parse_line(line)
            except ValidationError:
                yield parse_refusal(line)


def refused_at(refusal: RefusalRecord) -> datetime:
    """The hour (UTC) of a refusal, its beginning."""
    return time_of(refusal.refusal_id).replace(minute=0, second=0, microsecond=0)


def folder(moment: datetime) -> str:
    """The prefix of the objects of the hour that `moment` lies in."""
    return f"predictions/{moment.astimezone(UTC):dt=%Y-%m-%d/hour=%H}/"


def folders(made: datetime) -> set[str]:
    """The prefixes of the hours in which the record of a prediction made then may have arrived."""
    return {folder(made + late) for late in (-_COLLECTED, timedelta(0), _ON_THE_WAY)}


def objects(store: Store, start: datetime, end: datetime) -> Iterator[Entry]:
    """The objects that may hold records made from `start` to `end`, in the order of their hours."""
    first, last = folder(start - _COLLECTED), folder(end + _ON_THE_WAY)
    day, days = (start - _COLLECTED).astimezone(UTC), []
    while (prefix := day_of(folder(day))) <= last:
        days.append(prefix)
        day += timedelta(days=1)
    for entries in listed(store, days).values():
        yield from (entry for entry in entries if first <= entry.key[: len(first)] <= last)


def day_of(folder: str) -> str:
    """The prefix of the objects of the day that an hour's prefix belongs to."""
    return folder.partition("hour=")[0]


def listed(store: Store, days: Sequence[str]) -> dict[str, list[Entry]]:
    """The objects of each of these days, several days listed at once.

    A listing takes a thousand keys at once: there are fewer listings of days than of their hours.
    """
    with ThreadPoolExecutor(READ_AT_ONCE) as listings:
        return dict(zip(days, listings.map(lambda day: list(store.list(day)), days), strict=True))


def within(entries: Iterable[Entry], *, max_objects: int, max_bytes: int) -> int:
    """How many of the objects, from the first on, are `max_objects` and `max_bytes` together at most."""
    count = size = 0
    for entry in entries:
        size += entry.size
        if count == max_objects or size > max_bytes:
            break
        count += 1
    return count


def bodies(store: Store, entries: Sequence[Entry]) -> Generator[bytes, None, None]:
    """What the objects hold, in order, read several at once, and no further ahead than that.

    Whoever takes longer over an object than the store does would otherwise have all of them in memory.
    """
    with ThreadPoolExecutor(READ_AT_ONCE) as readers:
        ahead = deque(readers.submit(_body, store, entry) for entry in entries[:READ_AT_ONCE])
        try:
            for entry in [*entries[READ_AT_ONCE:], *[None] * len(ahead)]:
                body = ahead.popleft().result()
                if entry:
                    ahead.append(readers.submit(_body, store, entry))
                yield body
        finally:
            # Who has found what they looked for does not wait for the rest.
            for reading in ahead:
                reading.cancel()


def _body(store: Store, entry: Entry) -> bytes:
    return store.get(entry.key).body
