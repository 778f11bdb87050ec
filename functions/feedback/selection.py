"""Which predictions a request is about: those of a time, narrowed by filters."""

import struct
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from functions.core.base.ids import VERSION
from functions.core.base.records import check_year
from functions.core.predictions.records import PredictionRecord
from functions.core.schema.rows import Value
from functions.feedback.log_object import Logged, LoggedObject
from functions.feedback.log_reader import LogReader

MAX_PERIOD = timedelta(days=31)
# What is asked on a Friday afternoon is still in the queue on Monday morning.
_USUAL = timedelta(days=3)


def _written_out(value: object) -> object:
    # Pydantic would also take a number, in a string too, as seconds or milliseconds of Unix time.
    if isinstance(value, int | float) or (isinstance(value, str) and "T" not in value.upper()):
        raise ValueError("a time is written as in 2026-11-01T00:00:00Z")
    return value


# Within the years of a record's time.
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(check_year)]


class Filters(BaseModel):
    """Which predictions: made from `from` to `to`, by `version`, with a probability in a range, and with the
    values of features that are asked for. What is left out does not narrow; without a time it is the last
    three days."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Moment | None = Field(None, alias="from", examples=["2026-11-01T00:00:00Z"])
    end: Moment | None = Field(None, alias="to", examples=["2026-11-08T00:00:00Z"])
    version: str | None = Field(None, pattern=VERSION, examples=["64fb781fa1a71ca5"])
    min_probability: float = Field(0, ge=0, le=1)
    max_probability: float = Field(1, ge=0, le=1)

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if self.start and self.end and not timedelta(0) < self.end - self.start <= MAX_PERIOD:
            raise ValueError(f"`to` must be after `from`, by {MAX_PERIOD.days} days at most")
        if self.min_probability > self.max_probability:
            raise ValueError("`min_probability` must not be above `max_probability`")
        return self

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """The time asked for, in UTC; an end that was left out follows from the other one and `now`."""
        if self.start and not self.end:
            return self.start.astimezone(UTC), min(self.start + MAX_PERIOD, now).astimezone(UTC)
        end = (self.end or now).astimezone(UTC)
        return (self.start or end - _USUAL).astimezone(UTC), end


Query = TypeVar("Query", bound=Filters)
_PARAMETERS = frozenset(field.alias or name for name, field in Filters.model_fields.items())


@dataclass(frozen=True, slots=True)
class Selection(Generic[Query]):
    """What a request asks for. features: of each, the values that a prediction may have, as a graph takes
    them."""

    query: Query
    features: Mapping[str, tuple[Value, ...]]

    def fits(self, logged: LoggedObject, index: int) -> bool:
        """Whether the prediction of this place is asked for, whenever it was made."""
        return (
            self.query.version in (None, logged.versions[index])
            and self.query.min_probability <= logged.probabilities[index] <= self.query.max_probability
            and (not self.features or self._fits_features(logged.record(index)))
        )

    def _fits_features(self, record: PredictionRecord) -> bool:
        return all(
            record.features.get(name) in {_as_logged(value) for value in values}
            for name, values in self.features.items()
        )

    def described(self, now: datetime) -> dict[str, Any]:
        """The selection as a record keeps it: with its time written out."""
        start, end = self.query.period(now)
        asked = self.query.model_dump(
            mode="json", include=Filters.model_fields.keys() - {"start", "end"}, exclude_none=True
        )
        described = {"from": start.isoformat(), "to": end.isoformat(), **asked}
        for name, values in self.features.items():
            # As it was asked for: with an underscore behind the name of another parameter.
            key = f"{name}_" if name in _PARAMETERS else name
            described[key] = values[0] if len(values) == 1 else list(values)
        return described


def _as_logged(value: Value) -> Value:
    """A value as the log has it: of a number, the float32 that the graph was given."""
    return value if isinstance(value, str) else float(struct.unpack("f", struct.pack("f", value))[0])


@dataclass(frozen=True, slots=True)
class SelectedPredictions:
    """The predictions that a request is about, oldest first, and what was read to find them.

    objects: of the log, that were read, of `objects_in_time` that may hold predictions of the time asked
    for. damaged_lines: of these, that are no records.
    """

    predictions: list[Logged]
    objects: int = 0
    objects_in_time: int = 0
    damaged_lines: int = 0

    @property
    def days(self) -> set[date]:
        """The days (UTC) on which the predictions were made; at midnight perhaps one too many."""
        # The first eight digits of an id are 65.5 seconds.
        heads = {prediction.prediction_id[:8] for prediction in self.predictions}
        return {
            datetime.fromtimestamp(int(head + tail, 16) / 1000, UTC).date()
            for head in heads
            for tail in ("0000", "ffff")
        }


def read_selected(
    log: LogReader, selection: Selection[Query], *, now: datetime, most: int | None = None
) -> SelectedPredictions:
    """The predictions asked for.

    Raises `InvalidInput` when the log of that time is more than one request reads. most: look at no more
    predictions than about so many, the newest; and if it was not said from when on, leave out the oldest
    where the log is too much.
    """
    start, end = selection.query.period(now)
    entries, in_time = log.between(start, end, newest=most is not None and selection.query.start is None)
    first, last = _first_id(start), _first_id(end)
    predictions: dict[str, Logged] = {}
    looked_at = objects = damaged = 0
    for logged in log.read(entries):
        objects += 1
        damaged += logged.damaged
        for index in range(bisect_left(logged.ids, first), bisect_left(logged.ids, last)):
            looked_at += 1
            if selection.fits(logged, index):
                predictions.setdefault(logged.ids[index], logged.logged(index))
        if most is not None and looked_at >= most:
            break
    return SelectedPredictions([predictions[id_] for id_ in sorted(predictions)], objects, in_time, damaged)


def _first_id(moment: datetime) -> str:
    """What the ids that were made from a moment on do not come before."""
    milliseconds = -((_EPOCH - moment) // timedelta(milliseconds=1))
    made = f"{milliseconds:012x}"
    return f"{made[:8]}-{made[8:]}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
