"""The predictions between two judgements, as counts: windows add up, whatever the number of their rows."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from pydantic import Field

from functions.core.base.records import Record
from functions.core.predictions.records import PredictionRecord
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import tally
from functions.core.stats.records import Tally

MOST_SAMPLED = 1_000


class Window(Record):
    """Predictions of one champion. What other versions answered is counted and not looked into.

    What is counted are lines of the log: of one that was shipped twice, a run that finds both counts one, two
    runs that find one each count two.

    tallies: by feature, and `probability`, in the bins of the champion's manifest. sample: up to a thousand
    probabilities, by the random end of their prediction's id: those with the smallest ends, so that each had
    the same chance to be among them. days: the probabilities by day (UTC), of what was read now: they are not
    kept with the window, which ends when it is complete.
    """

    champion: str
    rows: int = 0
    of_other_versions: int = 0
    first: datetime | None = None
    last: datetime | None = None
    tallies: dict[str, Tally] = Field({})
    sample: dict[str, float] = Field({})
    days: dict[date, Tally] = Field({}, exclude=True)


def count(records: Iterable[PredictionRecord], champion: Manifest) -> Window:
    """The window of `records`."""
    columns: dict[str, list[float | str | None]] = {name: [] for name in champion.reference}
    sample: dict[str, float] = {}
    days: dict[date, list[float | str | None]] = {}
    first = last = None
    rows = others = 0
    probability = {"probability": champion.reference["probability"]}
    for record in records:
        if record.version != champion.version:
            others += 1
            continue
        rows += 1
        first, last = _earlier(first, record.timestamp), _later(last, record.timestamp)
        sample[record.prediction_id[-12:]] = record.probability
        days.setdefault(record.timestamp.astimezone(UTC).date(), []).append(record.probability)
        for name, values in columns.items():
            values.append(record.probability if name == "probability" else record.features[name])
    return Window(
        champion=champion.version,
        rows=rows,
        of_other_versions=others,
        first=first,
        last=last,
        tallies=tally(champion.reference, columns),
        sample=_smallest(sample),
        days={day: tally(probability, {"probability": found})["probability"] for day, found in days.items()},
    )


def together(one: Window, other: Window) -> Window:
    """Both windows as one. They are of the same champion."""
    tallies = {name: found + other.tallies[name] for name, found in one.tallies.items()}
    return Window(
        champion=one.champion,
        rows=one.rows + other.rows,
        of_other_versions=one.of_other_versions + other.of_other_versions,
        first=_earlier(one.first, other.first),
        last=_later(one.last, other.last),
        tallies=tallies,
        sample=_smallest({**one.sample, **other.sample}),
    )


def _smallest(sample: Mapping[str, float]) -> dict[str, float]:
    return {end: sample[end] for end in sorted(sample)[:MOST_SAMPLED]}


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
