"""The prediction log as one run reads it: listed once, and each part of it read once for all models.

All models have one log. Watched one by one, fifty of them would have it read fifty times.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from functions.core.predictions.records import bodies
from functions.core.registry.manifest import Manifest
from functions.core.storage.contract import Entry, Store
from functions.monitor.counting import Counts, count_log
from functions.monitor.unread import Position, list_unread

# Of objects that were read: the labels of a run are mostly of predictions that it has just counted.
_KEPT_BYTES = 128 * 2**20


class SharedLog:
    """What a run has read of the log, for the models that it watches.

    champions: the manifest of each model's champion, by which it is counted when a part is read for any of
    them. A model that is not among them, or has another champion by now, has the part read for itself.
    """

    def __init__(self, store: Store, champions: Mapping[str, Manifest]) -> None:
        self._store = store
        self._champions = champions
        self._listed: dict[str, list[Entry]] = {}
        self._counted: dict[tuple[str, ...], dict[str, Counts]] = {}
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    def champion(self, model: str) -> Manifest | None:
        """The manifest by which a model is counted with the others."""
        return self._champions.get(model)

    def list_unread(self, position: Position, now: datetime) -> tuple[list[Entry], bool]:
        """As `unread.list_unread`, of the objects that there were when this run began."""
        return list_unread(self._list, position, now)

    def count(self, model: str, champion: Manifest, entries: Sequence[Entry]) -> Counts:
        """What these objects hold of a model, as `counting.count_log` counts it."""
        if self._champions.get(model) is not champion:
            return count_log(self.bodies(entries), {model: champion})[model]
        part = tuple(entry.key for entry in entries)
        if part not in self._counted:
            self._counted[part] = count_log(self.bodies(entries), self._champions)
        return self._counted[part][model]

    def forget_counts(self) -> None:
        """Let go of what was counted: each model has taken its own."""
        self._counted.clear()

    def bodies(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        """What objects hold, in order: those that were read last are not read again."""
        kept = {entry.key: self._kept.get(entry.key) for entry in entries}
        read = bodies(self._store, [entry for entry in entries if kept[entry.key] is None])
        for entry in entries:
            body = kept.pop(entry.key)
            if body is None:
                body = next(read)
            self._keep(entry.key, body)
            yield body

    def _list(self, prefix: str) -> list[Entry]:
        if prefix not in self._listed:
            self._listed[prefix] = [*self._store.list(prefix)]
        return self._listed[prefix]

    def _keep(self, key: str, body: bytes) -> None:
        if key not in self._kept:
            self._kept_bytes += len(body)
        self._kept[key] = body
        self._kept.move_to_end(key)
        while self._kept_bytes > _KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest)
