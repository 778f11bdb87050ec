"""The predictions between two judgements, as counts: windows add up, whatever the number of their rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import Field

from functions.core.base.records import Count, Moment, Record
from functions.core.predictions.records import PredictionRecord, Value
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import tally
from functions.core.stats.records import Tally

MAX_SAMPLED = 1_000


class Window(Record):
    """Predictions of one champion. What other versions answered is counted and not looked into.

    What is counted are lines of the log: of one that was shipped twice, a run that finds both counts one, two
    runs that find one each count two.

    tallies: by feature, and `probability`, in the bins of the champion's manifest. sample: up to a thousand
    probabilities, by the random end of their prediction's id: those with the smallest ends, so that each had
    the same chance to be among them.
    """

    champion: str
    rows: Count = 0
    of_other_versions: Count = 0
    first: Moment | None = None
    last: Moment | None = None
    tallies: dict[str, Tally] = Field({})
    sample: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field({})

    def __add__(self, other: "Window") -> "Window":
        """Both windows as one. They are of the same champion."""
        return Window(
            champion=self.champion,
            rows=self.rows + other.rows,
            of_other_versions=self.of_other_versions + other.of_other_versions,
            first=_earlier(self.first, other.first),
            last=_later(self.last, other.last),
            tallies={name: counts + other.tallies[name] for name, counts in self.tallies.items()},
            sample=_smallest({**self.sample, **other.sample}),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What a part of the log holds of a model.

    by_day: the champion's probabilities by the day (UTC) of their predictions, in the bins of its manifest.
    unfit: records of the champion that its own schema does not allow; they are in no other number.
    """

    window: Window
    by_day: dict[date, Tally]
    unfit: int


def empty_window(champion: Manifest) -> Window:
    return count_predictions([], champion).window


def count_predictions(records: Iterable[PredictionRecord], champion: Manifest) -> Counts:
    """Count `records`, those of the champion into the bins of its manifest."""
    columns: dict[str, list[Value]] = {name: [] for name in champion.reference}
    sample: dict[str, float] = {}
    days: dict[date, list[Value]] = {}
    first = last = None
    others = unfit = 0
    for record in records:
        if record.version != champion.version:
            others += 1
            continue
        if not record.fits(champion.schema_of_rows):
            unfit += 1
            continue
        first, last = _earlier(first, record.timestamp), _later(last, record.timestamp)
        sample[record.prediction_id[-12:]] = record.probability
        days.setdefault(record.timestamp.astimezone(UTC).date(), []).append(record.probability)
        for name, values in columns.items():
            values.append(record.probability if name == "probability" else record.features[name])
    window = Window(
        champion=champion.version,
        rows=sum(map(len, days.values())),
        of_other_versions=others,
        first=first,
        last=last,
        tallies=tally(champion.reference, columns),
        sample=_smallest(sample),
    )
    bins = {"probability": champion.reference["probability"]}
    by_day = {day: tally(bins, {"probability": values})["probability"] for day, values in days.items()}
    return Counts(window, by_day, unfit)


def _smallest(sample: Mapping[str, float]) -> dict[str, float]:
    return {end: sample[end] for end in sorted(sample)[:MAX_SAMPLED]}


def _earlier(moment: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (moment, other)), default=None)


def _later(moment: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (moment, other)), default=None)
