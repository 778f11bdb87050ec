"""A part of the prediction log, counted for many models at once: a line is read once, whatever its model is.

Records are kept until there are many, and numpy counts them by columns.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import compress
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from functions.core.predictions.records import (
    PredictionRecord,
    RefusalRecord,
    Value,
    parse_bodies,
    refused_at,
)
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import tally
from functions.core.stats.records import Tally
from functions.monitor.callers import CallerDays
from functions.monitor.refused import Asked
from functions.monitor.traffic import Hour, TrafficCount
from functions.monitor.window import Sample, Window, empty_window

# Predictions that wait to be counted, of all models together: one and a half kilobytes of memory each.
_MAX_COLLECTED = 20_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Counts:
    """What a part of the log holds of a model.

    by_day: the champion's probabilities by the day (UTC) of their predictions, in the bins of its manifest.
    traffic, callers: of any version, by the hour (UTC), and the last day of each caller. damaged_lines: those
    of the part that nobody can read, of whatever model, and records of the champion that its own schema does
    not allow: these are in no window.
    """

    window: Window
    by_day: dict[date, Tally]
    asked: Asked
    traffic: dict[datetime, Hour]
    callers: dict[str, date]
    damaged_lines: int


def count_log(bodies: Iterable[bytes], champions: Mapping[str, Manifest]) -> dict[str, Counts]:
    """Count a part of the log for each of these models, into the bins of its champion's manifest.

    bodies: what its objects hold. A prediction, or a refusal, that is there twice counts once.
    """
    counting = {model: _Counting(champion) for model, champion in champions.items()}
    with _no_search_for_cycles():
        damaged = _take_all(parse_bodies(bodies), counting)
    return {model: of_model.counts(damaged) for model, of_model in counting.items()}


def _take_all(
    records: Iterable[PredictionRecord | RefusalRecord | None], counting: Mapping[str, "_Counting"]
) -> int:
    """Have each record counted for its model. Returns how many are damaged."""
    damaged = collected = 0
    for record in records:
        if record is None:
            damaged += 1
        elif of_model := counting.get(record.model):
            collected += of_model.take(record)
            if collected >= _MAX_COLLECTED:
                collected = 0
                for each in counting.values():
                    each.count()
    return damaged


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Pause the collector. Records hold no cycles, and to look for them took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Counting:
    """Counts the records of one model."""

    def __init__(self, champion: Manifest) -> None:
        self._champion = champion
        self._schema = champion.schema_of_rows
        self._names = self._schema.names
        # A name more: of a single one, itemgetter would give the value alone.
        self._values_of = itemgetter(*self._names, self._names[0])
        # The values that a category may have; None for a number.
        self._words = [
            None if field.words is None else frozenset([*field.words, None])
            for field in self._schema.features
        ]
        self._seen: set[str] = set()
        self._records: list[PredictionRecord] = []
        self._window = empty_window(champion)
        self._by_day: dict[date, Tally] = {}
        self._sample = Sample()
        self._traffic = TrafficCount()
        self._callers = CallerDays()
        self._others = self._unfit = self._refused = 0
        self._faults: Counter[str] = Counter()
        self._refused_at: Counter[datetime] = Counter()

    def take(self, record: PredictionRecord | RefusalRecord) -> int:
        """Take in a record, unless it was there before. Returns how many more wait to be counted."""
        # Asked in this order, it is quick: pydantic takes its time to tell that it is no instance.
        if not isinstance(record, PredictionRecord):
            self._take_refusal(record)
            return 0
        if record.prediction_id in self._seen:
            return 0
        self._seen.add(record.prediction_id)
        self._records.append(record)
        return 1

    def _values(self, features: Mapping[str, Value]) -> tuple[Value, ...]:
        """The values by the names of the schema; "", which no feature has, for one that is not there."""
        try:
            values: tuple[Value, ...] = self._values_of(features)[:-1]
            return values
        except KeyError:
            return tuple([features.get(name, "") for name in self._names])

    def _take_refusal(self, refusal: RefusalRecord) -> None:
        if refusal.refusal_id in self._seen:
            return
        self._seen.add(refusal.refusal_id)
        self._refused += refusal.rows
        self._faults.update(refusal.fields)
        self._refused_at[refused_at(refusal)] += refusal.rows

    def count(self) -> None:
        """Count what waits."""
        records, self._records = self._records, []
        seconds = np.array([record.timestamp.timestamp() for record in records])
        self._traffic.add(records, seconds)
        self._callers.add([record.key_id for record in records], seconds)
        of_champion = [record.version == self._champion.version for record in records]
        rows, seconds = [*compress(records, of_champion)], seconds[of_champion]
        self._others += len(records) - len(rows)
        columns = self._columns(rows)
        if not self._all_fit(columns):
            fit = [row.fits(self._schema) for row in rows]
            self._unfit += len(rows) - sum(fit)
            rows, seconds = [*compress(rows, fit)], seconds[fit]
            columns = self._columns(rows)
        if rows:
            self._count_rows(rows, seconds, columns)

    def _columns(self, rows: Sequence[PredictionRecord]) -> list[tuple[Value, ...]]:
        """The features, in the order of the schema."""
        return [*zip(*[self._values(row.features) for row in rows], strict=True)]

    def _all_fit(self, columns: Sequence[Sequence[Value]]) -> bool:
        """Whether `features_fit` is true of all rows, asked of whole columns. No columns: there is no row."""
        return all(
            str not in set(map(type, column)) if words is None else words.issuperset(column)
            for column, words in zip(columns, self._words, strict=False)
        )

    def _count_rows(
        self,
        rows: Sequence[PredictionRecord],
        seconds: npt.NDArray[np.float64],
        columns: Sequence[Sequence[Value]],
    ) -> None:
        probabilities = [row.probability for row in rows]
        self._sample.add(zip([row.prediction_id[-12:] for row in rows], probabilities, strict=True))
        self._window += Window(
            champion=self._champion.version,
            rows=len(rows),
            # To compare times takes longer than to compare numbers.
            first=rows[int(np.argmin(seconds))].timestamp,
            last=rows[int(np.argmax(seconds))].timestamp,
            tallies=tally(
                self._champion.reference,
                {**dict(zip(self._names, columns, strict=True)), "probability": probabilities},
            ),
        )
        bins = {"probability": self._champion.reference["probability"]}
        days, answered = seconds // _DAY, np.array(probabilities)
        for number in np.unique(days).tolist():
            day = datetime.fromtimestamp(number * _DAY, UTC).date()
            counted = tally(bins, {"probability": answered[days == number]})["probability"]
            self._by_day[day] = self._by_day[day] + counted if day in self._by_day else counted

    def counts(self, damaged_lines: int) -> Counts:
        """What was counted in all."""
        self.count()
        sample = self._sample.smallest()
        window = self._window.model_copy(update={"of_other_versions": self._others, "sample": sample})
        asked = Asked(scored=window.rows + self._others, refused=self._refused, fields=self._faults)
        return Counts(
            window=window,
            by_day=self._by_day,
            asked=asked,
            traffic=self._traffic.hours(self._refused_at),
            callers=self._callers.days,
            damaged_lines=damaged_lines + self._unfit,
        )
