"""Which predictions a request is about: those of a time, narrowed by filters."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from functions.core.base.ids import VERSION, time_of
from functions.core.predictions.records import PredictionRecord
from functions.core.schema.passenger import Sex
from functions.feedback.log_reader import LogReader

LONGEST = timedelta(days=31)
# What is asked on a Friday afternoon is still in the queue on Monday morning.
_USUAL = timedelta(days=3)


def _written_out(value: object) -> object:
    # Pydantic would also take a number, in a string too, as seconds or milliseconds of Unix time.
    if isinstance(value, int | float) or (isinstance(value, str) and "T" not in value.upper()):
        raise ValueError("a time is written as in 2026-11-01T00:00:00Z")
    return value


def _near(value: datetime) -> datetime:
    # From the first moment that Python can tell nothing can be taken, to the last nothing added.
    if not 2000 <= value.year < 2200:
        raise ValueError("a time lies in the years 2000 to 2199")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_near)]
_OF_A_KIND: Final = (
    "Live quality takes what is labelled for a sample of all predictions of its probability: where mostly "
    "one {} is labelled, it tells how good the model is for that one"
)


class Filters(BaseModel):
    """Which predictions: made from `from` to `to`, by `version`, of passengers of `sex` and `pclass`, with a
    probability in a range. What is left out does not narrow; without a time it is the last three days."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Moment | None = Field(None, alias="from", examples=["2026-11-01T00:00:00Z"])
    end: Moment | None = Field(None, alias="to", examples=["2026-11-08T00:00:00Z"])
    version: str | None = Field(None, pattern=VERSION, examples=["64fb781fa1a71ca5"])
    sex: Sex | None = Field(None, description=_OF_A_KIND.format("sex"))
    pclass: int | None = Field(None, ge=1, le=3, description=_OF_A_KIND.format("class"))
    min_probability: float = Field(0, ge=0, le=1)
    max_probability: float = Field(1, ge=0, le=1)

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if self.start and self.end and not timedelta(0) < self.end - self.start <= LONGEST:
            raise ValueError(f"`to` must be after `from`, by {LONGEST.days} days at most")
        if self.min_probability > self.max_probability:
            raise ValueError("`min_probability` must not be above `max_probability`")
        return self

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """The time asked for, in UTC; an end that was left out follows from the other one and `now`."""
        if self.start and not self.end:
            return self.start.astimezone(UTC), min(self.start + LONGEST, now).astimezone(UTC)
        end = (self.end or now).astimezone(UTC)
        return (self.start or end - _USUAL).astimezone(UTC), end

    def fit(self, record: PredictionRecord) -> bool:
        """Whether a prediction is asked for, whenever it was made."""
        return (
            self.version in (None, record.version)
            and self.sex in (None, record.features["sex"])
            and self.pclass in (None, record.features["pclass"])
            and self.min_probability <= record.probability <= self.max_probability
        )


def read_selected(
    log: LogReader, filters: Filters, *, now: datetime, newest: bool = False
) -> list[PredictionRecord]:
    """The records of the predictions asked for, oldest first.

    Raises `InvalidInput` when the log of that time is more than one request reads. newest: if it was not said
    from when on, leave out the oldest instead.
    """
    start, end = filters.period(now)
    entries = log.between(start, end, newest=newest and filters.start is None)
    found = {
        id_: record
        for records in log.read(entries)
        for id_, record in records.items()
        if filters.fit(record) and start <= time_of(id_) < end
    }
    return [found[id_] for id_ in sorted(found)]


def days_of(records: Iterable[PredictionRecord]) -> set[date]:
    """The days (UTC) on which the predictions were made."""
    return {time_of(record.prediction_id).date() for record in records}
