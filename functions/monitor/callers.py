"""When each key and each person last had a prediction of a model, to the day: told by the log as it is read.

The log costs the predict path nothing more: each of its lines has the id of who asked. What else somebody did
(labels, uploads, promotions) stands where that is kept, under the same id.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from functions.core.predictions.records import PredictionRecord

MAX_CALLERS = 1_000

Callers = Mapping[str, date]
"""The day (UTC) of the last prediction, by the id of a key or a person."""


class CallerDays:
    """Notes who asked, and when, as the records of a reading pass by."""

    def __init__(self) -> None:
        self.days: dict[str, date] = {}

    def passing(self, records: Iterable[PredictionRecord]) -> Iterator[PredictionRecord]:
        for record in records:
            day = record.timestamp.astimezone(UTC).date()
            self.days[record.key_id] = max(day, self.days.get(record.key_id, day))
            yield record


def add_callers(before: Callers, new: Callers, now: datetime) -> dict[str, date]:
    """The later day of each; of more than `MAX_CALLERS`, those who asked last."""
    # A clock may be fast, here or there.
    last = (now + timedelta(hours=1)).astimezone(UTC).date()
    days = dict(before)
    for id_, day in new.items():
        if id_ and day <= last:
            days[id_] = max(day, days.get(id_, day))
    newest = sorted(days.items(), key=lambda item: (item[1], item[0]), reverse=True)
    return dict(newest[:MAX_CALLERS])
