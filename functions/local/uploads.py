"""Uploads, noticed by looking: what S3 would notify about is found in the store's listing."""

from functions.core.base.errors import NotFound
from functions.core.storage.contract import Entry, Store
from functions.local.template import UploadTrigger


class UploadWatcher:
    """Sees what appears or changes below a trigger's prefix, in any store that can list.

    Several writes of one key between two looks count as one, the last.
    """

    def __init__(self, store: Store, trigger: UploadTrigger) -> None:
        self._store = store
        self._trigger = trigger
        # What is there when watching begins was uploaded before; S3 would not notify about it either.
        self._known = self._look()

    def changes(self) -> list[Entry]:
        """Objects that are new or not as at the last call. Raises `StoreUnavailable`; then none is lost."""
        now = self._look()
        changed = [self._with_version(entry) for key, entry in now.items() if self._known.get(key) != entry]
        self._known = now
        return changed

    def _look(self) -> dict[str, Entry]:
        entries = self._store.list(self._trigger.prefix)
        return {entry.key: entry for entry in entries if entry.key.endswith(self._trigger.suffix)}

    def _with_version(self, entry: Entry) -> Entry:
        """A listing names no version, a notification does."""
        try:
            return self._store.head(entry.key)
        except NotFound:
            return entry  # deleted since; S3 would have notified about it all the same
