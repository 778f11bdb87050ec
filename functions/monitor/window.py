"""The predictions between two judgements, as counts: windows add up, whatever the number of their rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from functions.core.base.records import Count, Moment, Record
from functions.core.predictions.records import Value
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import tally
from functions.core.stats.records import Tally

MAX_SAMPLED = 1_000
# No end of an id is above it: twelve hexadecimal digits.
_LAST_END = "f" * 12


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


class Sample:
    """Of any number of probabilities a thousand, by the random ends of their predictions' ids."""

    def __init__(self) -> None:
        self._kept: dict[str, float] = {}
        self._largest = _LAST_END

    def add(self, probabilities: Iterable[tuple[str, float]]) -> None:
        """Take in probabilities, each with the end of its prediction's id."""
        self._kept.update(pair for pair in probabilities if pair[0] <= self._largest)
        # Not each time: to sort them is most of the work.
        if len(self._kept) > 4 * MAX_SAMPLED:
            self._kept = self.smallest()
            self._largest = max(self._kept)

    def smallest(self) -> dict[str, float]:
        return _smallest(self._kept)


def empty_window(champion: Manifest) -> Window:
    no_rows: dict[str, list[Value]] = {name: [] for name in champion.reference}
    return Window(champion=champion.version, tallies=tally(champion.reference, no_rows))


def _smallest(sample: Mapping[str, float]) -> dict[str, float]:
    return {end: sample[end] for end in sorted(sample)[:MAX_SAMPLED]}


def _earlier(moment: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (moment, other)), default=None)


def _later(moment: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (moment, other)), default=None)
