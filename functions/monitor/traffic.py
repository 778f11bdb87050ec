"""What was asked of a model, hour by hour: counted while the log is read, and kept for two weeks.

The log has answers and refusals. What failed otherwise (5xx) and what was refused at the door (401, 403) is
not in it, nor is the time that the network, the gateway and a cold start take: those are in CloudWatch.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

from functions.core.base.records import Count, Moment, Record
from functions.core.predictions.records import PredictionRecord
from functions.monitor.callers import Callers

KEPT_DAYS = 14
# Times are counted in bins that grow by 2^(1/4), a fifth: 1 ms has number 0, each fourth is twice as long.
_BINS_IN_TWICE = 4
_SHORTEST_MS, _LONGEST_MS = 2**-4, 2**20
_Bin = Annotated[int, Field(ge=-4 * _BINS_IN_TWICE, le=20 * _BINS_IN_TWICE)]


class Hour(Record):
    """What one hour (UTC) had: predictions by version, refused rows, and how long requests took.

    took: requests by the number of the bin of their milliseconds; empty for lines that do not say it.
    """

    versions: dict[str, Count] = Field({})
    refused: Count = 0
    took: dict[_Bin, Count] = Field({})

    def __add__(self, other: "Hour") -> "Hour":
        return Hour(
            versions=Counter(self.versions) + Counter(other.versions),
            refused=self.refused + other.refused,
            took=Counter(self.took) + Counter(other.took),
        )


Hours = Mapping[datetime, Hour]
T = TypeVar("T")


class HourOfTraffic(BaseModel):
    """One hour (UTC) in which something was asked."""

    hour: Moment
    predictions: int
    versions: dict[str, int] = Field(description="The predictions by the version that made them")
    refused: int = Field(description="Rows that were refused because they do not fit")
    median_ms: float | None = Field(
        description="Half of the requests took this long at most in the function, until their rows were "
        "scored, to a fifth: no network, gateway, cold start or explanation. Null where the log does not say"
    )
    p95_ms: float | None = Field(description="The same of 95 % of the requests")


class Traffic(BaseModel):
    """What the prediction log has of a model: of a share of it, where `LIFEBOAT_LOGGED_SHARE` is below 1."""

    until: Moment = Field(description="When the log was last read")
    hours: list[HourOfTraffic] = Field(description="Oldest first; an hour without a request is left out")
    callers: dict[str, date] = Field(
        description="The day (UTC) of the last prediction, however long ago, by the id of the key or person "
        "that asked for it: the thousand who asked last"
    )


class TrafficCount:
    """Counts predictions by the hour. Each is given to it once."""

    def __init__(self) -> None:
        # By the number of the hour in Unix time.
        self._versions: Counter[tuple[int, str]] = Counter()
        self._took: Counter[tuple[int, int]] = Counter()
        self._timed: set[str] = set()

    def add(self, records: Sequence[PredictionRecord], seconds: npt.NDArray[np.float64]) -> None:
        """seconds: when each of the predictions was made, in Unix time."""
        hours = (seconds // 3600).astype(int).tolist()
        self._versions.update(zip(hours, [record.version for record in records], strict=True))
        timed: dict[str, tuple[int, float]] = {}
        for hour, record in zip(hours, records, strict=True):
            # All rows of a request took as long as the request.
            if record.took_ms is not None and record.request_id not in self._timed:
                timed.setdefault(record.request_id, (hour, record.took_ms))
        self._timed.update(timed)
        bins = _bins_of([took_ms for _, took_ms in timed.values()])
        self._took.update(zip([hour for hour, _ in timed.values()], bins, strict=True))

    def hours(self, refused: Mapping[datetime, int]) -> dict[datetime, Hour]:
        """What was counted; refused: rows by the hour."""
        versions, took = _by_hour(self._versions), _by_hour(self._took)
        return {
            hour: Hour(versions=versions.get(hour, {}), refused=refused.get(hour, 0), took=took.get(hour, {}))
            for hour in versions.keys() | refused.keys()
        }


def _by_hour(counts: Mapping[tuple[int, T], int]) -> dict[datetime, dict[T, int]]:
    by_hour: dict[datetime, dict[T, int]] = {}
    for (hour, key), count in counts.items():
        by_hour.setdefault(datetime.fromtimestamp(hour * 3600, UTC), {})[key] = count
    return by_hour


def add_hours(before: Hours, new: Hours, now: datetime) -> dict[datetime, Hour]:
    """The counts of both, of the days that are kept."""
    # A clock may be fast, here or there.
    first, last = now - timedelta(days=KEPT_DAYS), now + timedelta(hours=1)
    return {
        hour: before.get(hour, Hour()) + new.get(hour, Hour())
        for hour in sorted(before.keys() | new.keys())
        if first <= hour <= last
    }


def traffic_since(start: datetime, until: datetime, hours: Hours, callers: Callers) -> Traffic:
    """What is told of the hours from `start` on, and of the callers. until: when the log was last read."""
    shown = [_shown(hour, counts) for hour, counts in sorted(hours.items()) if hour >= start]
    return Traffic(until=until, hours=shown, callers={**callers})


def _shown(hour: datetime, counts: Hour) -> HourOfTraffic:
    return HourOfTraffic(
        hour=hour,
        predictions=sum(counts.versions.values()),
        versions=counts.versions,
        refused=counts.refused,
        median_ms=_at_most(counts.took, 0.5),
        p95_ms=_at_most(counts.took, 0.95),
    )


def _bins_of(milliseconds: Sequence[float]) -> list[int]:
    """The number of the bin of each."""
    within = np.clip(np.array(milliseconds, float), _SHORTEST_MS, _LONGEST_MS)
    bins: list[int] = np.ceil(_BINS_IN_TWICE * np.log2(within)).astype(int).tolist()
    return bins


def _at_most(took: Mapping[int, int], share: float) -> float | None:
    """The end of the bin in which that share of the requests is reached."""
    reached = 0
    for number in sorted(took):
        reached += took[number]
        if reached >= share * sum(took.values()):
            return round(2 ** (number / _BINS_IN_TWICE), 2)
    return None
