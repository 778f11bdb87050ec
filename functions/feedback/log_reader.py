"""The prediction log as one process reads it: up to a limit a request, and what was read last is kept.

Objects of the log never change. The pages of a queue are of the same objects, and so are outcomes that are
reported one by one: what is kept need not be read and parsed again.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from functions.core.base.errors import InvalidInput
from functions.core.base.logs import log
from functions.core.predictions.records import bodies, objects, within
from functions.core.predictions.search import made_by_now, search
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from functions.feedback.log_object import LoggedObject


class LogCache:
    """The records that were read last, of all models together: of up to `max_objects` objects of the log, of
    `max_bytes` together. An object from which two models' records were read counts twice."""

    def __init__(self, *, max_objects: int, max_bytes: int) -> None:
        self.max_objects = max_objects
        self.max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, Entry], LoggedObject] = OrderedDict()
        self._bytes = 0

    def get(self, model: str, entry: Entry) -> LoggedObject | None:
        """The records of a model in an object; None when they are not kept."""
        return self._kept.get((model, entry))

    def knows(self, model: str, id_: str) -> bool:
        """Whether there is a record of this prediction among those of the model that are kept."""
        return any(
            records.place(id_) is not None for (owner, _), records in self._kept.items() if owner == model
        )

    def keep(self, model: str, entry: Entry, records: LoggedObject) -> None:
        """Keep what was read, or was asked for again; what was asked for longest ago goes."""
        key = (model, entry)
        if key not in self._kept:
            self._bytes += entry.size
        self._kept[key] = records
        self._kept.move_to_end(key)
        while len(self._kept) > self.max_objects or self._bytes > self.max_bytes:
            (_, oldest), _ = self._kept.popitem(last=False)
            self._bytes -= oldest.size


class LogReader:
    """Reads the records of one model, of as many objects at once as the cache keeps of all models."""

    def __init__(self, store: ModelStore, cache: LogCache) -> None:
        self._store = store
        self._cache = cache
        self._limits = {"max_objects": cache.max_objects, "max_bytes": cache.max_bytes}

    def between(self, start: datetime, end: datetime, *, newest: bool = False) -> tuple[list[Entry], int]:
        """The objects that may hold records made from `start` to `end`, newest first, and how many there are.

        newest: of those that are too much for one request, leave out the oldest. Otherwise raises
        `InvalidInput`.
        """
        entries = sorted(objects(self._store, start, end), key=lambda entry: entry.modified, reverse=True)
        allowed = within(entries, **self._limits)
        if allowed == len(entries) or newest:
            return entries[:allowed], len(entries)
        raise InvalidInput(
            f"there are {len(entries)} objects of the prediction log of that time, of "
            f"{sum(entry.size for entry in entries) >> 20} MiB, and one request reads no more than "
            f"{self._cache.max_objects} objects and {self._cache.max_bytes >> 20} MiB: ask for a shorter "
            "time (`from`, `to`)"
        )

    def read(self, entries: Sequence[Entry]) -> Iterator[LoggedObject]:
        """The records of the model in each of the objects, in order."""
        model = self._store.model
        kept = {entry: self._cache.get(model, entry) for entry in entries}
        others = bodies(self._store, [entry for entry in entries if kept[entry] is None])
        for entry in entries:
            # Not held here as well, when the cache has let go of it.
            records = kept.pop(entry)
            if records is None:
                records = LoggedObject(next(others), model)
                if records.damaged:
                    log(
                        "WARNING",
                        "lines of the prediction log are damaged; they are passed over",
                        key=entry.key,
                        lines=records.damaged,
                    )
            self._cache.keep(model, entry, records)
            yield records

    def known(self, ids: Iterable[str]) -> tuple[set[str], set[str]]:
        """Those of `ids` that the log has a record of by now, and those of which it takes more to tell than
        one request reads."""
        wanted = set(ids)
        kept = {id_ for id_ in wanted if self._cache.knows(self._store.model, id_)}
        findings = search(
            self._store,
            made_by_now(wanted - kept),
            max_objects=self._cache.max_objects,
            max_bytes=self._cache.max_bytes,
            read=lambda entries, missing: (records.pick(missing) for records in self.read(entries)),
        )
        return kept | findings.records.keys(), findings.undecided
