"""Which ids are those of predictions: looked up in the prediction log, and remembered."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from functions.core.feedback import day_of
from functions.core.ids import time_of
from functions.core.predictions import Reading, objects
from functions.core.store import Entry, Store
from functions.feedback.log_objects import READ_AT_ONCE, bodies, size

# S3 tells the time of an object in whole seconds, and no two clocks agree.
_CLOCKS = timedelta(minutes=1)
# About 25 MB. Objects of the log never change, so what was read once need not be read again.
_MOST_REMEMBERED = 200_000


class KnownPredictions:
    """The predictions that were found in the log so far, and the objects of the log that were read."""

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._ids: set[str] = set()
        self._read: set[str] = set()

    def among(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that the log has a record of by now.

        Raises `InvalidInput` when more of the log than `most_bytes` would have to be read to tell.
        """
        wanted = sorted(set(ids))
        found = {id_ for id_ in wanted if id_ in self._ids}
        left = self._most_bytes
        # The ids carry their time: sorted, those of a day stand together.
        for _, of_a_day in groupby((id_ for id_ in wanted if id_ not in found), key=day_of):
            here, read = self._look_up(set(of_a_day), left)
            found |= here
            left -= read
        return found

    def _look_up(self, missing: set[str], most: int) -> tuple[set[str], int]:
        """Those of `missing`, ids of one day, that have a record; and the bytes that were read to tell."""
        found: set[str] = set()
        read = 0
        entries = self._unread(missing)
        for start in range(0, len(entries), READ_AT_ONCE):
            some = entries[start : start + READ_AT_ONCE]
            read += size(some, most - read)
            for entry, body in zip(some, bodies(self._store, some), strict=True):
                ids = {record.prediction_id for record in Reading([body])}
                self._remember(entry, ids)
                found |= missing & ids
            if found == missing:
                break
        return found, read

    def _unread(self, missing: set[str]) -> Sequence[Entry]:
        """The objects that may hold records of `missing`, in the order in which they were written.

        A record is written soon after its prediction was made: it is in one of the first.
        """
        now = datetime.now(UTC)
        moments = sorted(moment for moment in map(time_of, missing) if moment < now + _CLOCKS)
        if not moments:
            return []
        entries = [
            entry
            for entry in objects(self._store, moments[0], moments[-1])
            if entry.key not in self._read and entry.modified >= moments[0] - _CLOCKS
        ]
        return sorted(entries, key=lambda entry: entry.modified)

    def _remember(self, entry: Entry, ids: set[str]) -> None:
        if len(self._ids) + len(ids) > _MOST_REMEMBERED:
            self._ids.clear()
            self._read.clear()
        self._ids |= ids
        self._read.add(entry.key)
