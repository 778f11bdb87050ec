"""The prediction log as one process reads it: up to a limit a request, and what was read last is kept.

Objects of the log never change. The pages of a queue are of the same objects, and so are outcomes that are
reported one by one: what is kept need not be read and parsed again.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from functions.core.base.errors import InvalidInput
from functions.core.predictions.records import PredictionRecord, Reading, bodies, objects, within
from functions.core.predictions.search import past, search
from functions.core.storage.contract import Entry, Store

Records = Mapping[str, PredictionRecord]


class LogReader:
    """Reads up to `most_objects` of the log, of `most_bytes` together, at once, and keeps as many."""

    def __init__(self, store: Store, *, most_objects: int, most_bytes: int) -> None:
        self._store = store
        self._most_objects = most_objects
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Entry, Records] = OrderedDict()
        self._kept_bytes = 0

    def between(self, start: datetime, end: datetime, *, newest: bool = False) -> list[Entry]:
        """The objects that may hold records made from `start` to `end`.

        newest: of those that are too much for one request, leave out the oldest. Otherwise raises
        `InvalidInput`.
        """
        entries = sorted(objects(self._store, start, end), key=lambda entry: entry.modified, reverse=True)
        allowed = within(entries, most_objects=self._most_objects, most_bytes=self._most_bytes)
        if allowed == len(entries) or newest:
            return entries[:allowed]
        raise InvalidInput(
            f"there are {len(entries)} objects of the prediction log of that time, of "
            f"{sum(entry.size for entry in entries) >> 20} MiB, and one request reads no more than "
            f"{self._most_objects} objects and {self._most_bytes >> 20} MiB: ask for a shorter time "
            "(`from`, `to`)"
        )

    def read(self, entries: Sequence[Entry]) -> Iterator[Records]:
        """The records in each of the objects, by id."""
        kept = {entry: self._kept[entry] for entry in entries if entry in self._kept}
        others = bodies(self._store, [entry for entry in entries if entry not in kept])
        for entry in entries:
            records = kept.get(entry)
            if records is None:
                records = {record.prediction_id: record for record in Reading([next(others)])}
            self._keep(entry, records)
            yield records

    def known(self, ids: Iterable[str]) -> tuple[set[str], set[str]]:
        """Those of `ids` that the log has a record of by now, and those of which it takes more to tell than
        one request reads."""
        wanted = set(ids)
        found = {id_ for id_ in wanted if any(id_ in records for records in self._kept.values())}
        findings = search(
            self._store,
            past(wanted - found),
            most_objects=self._most_objects,
            most_bytes=self._most_bytes,
            read=lambda entries, _: self.read(entries),
        )
        return found | findings.records.keys(), findings.undecided

    def _keep(self, entry: Entry, records: Records) -> None:
        if entry not in self._kept:
            self._kept_bytes += entry.size
        self._kept[entry] = records
        self._kept.move_to_end(entry)
        while len(self._kept) > self._most_objects or self._kept_bytes > self._most_bytes:
            oldest, _ = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.size
