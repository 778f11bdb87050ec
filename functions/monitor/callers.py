"""When each key and each person last had a prediction of a model, to the day: told by the log as it is read.

The log costs the predict path nothing more: each of its lines has the id of who asked. What else somebody did
(labels, uploads, promotions) stands where that is kept, under the same id.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

MAX_CALLERS = 1_000
_DAY = 86_400

Callers = Mapping[str, date]
"""The day (UTC) of the last prediction, by the id of a key or a person."""


class CallerDays:
    """Notes who asked, and when."""

    def __init__(self) -> None:
        # By the number of the day in Unix time.
        self._last: dict[str, int] = {}

    def add(self, ids: Sequence[str], seconds: npt.NDArray[np.float64]) -> None:
        """ids: who asked for each prediction; seconds: when it was made, in Unix time."""
        for id_, day in set(zip(ids, (seconds // _DAY).astype(int).tolist(), strict=True)):
            self._last[id_] = max(day, self._last.get(id_, day))

    @property
    def days(self) -> dict[str, date]:
        return {id_: datetime.fromtimestamp(day * _DAY, UTC).date() for id_, day in self._last.items()}


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
