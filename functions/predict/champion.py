"""The champion in memory: loaded at first use, refreshed by ETag, kept while the store is away."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from functions.core.base.errors import LifeboatError, NoChampion
from functions.core.base.logs import log
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Manifest
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Reader

# Without a champion every request would ask the store again: once a second is enough.
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that can score, and what is known of it."""

    manifest: Manifest
    scorer: Scorer


class ChampionCache:
    """Answers with the champion as it was at most `refresh_seconds` ago."""

    def __init__(
        self, store: Reader, refresh_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._loaded: Loaded | None = None
        self._etag = ""
        self._next_check = float("-inf")
        self.trouble: str | None = None
        """Why the champion could not be refreshed; None when all is well."""

    def current(self) -> Loaded:
        """The champion, or the last good one while a newer cannot be had. Raises `NoChampion`."""
        if self._clock() >= self._next_check:
            self._refresh()
        if self._loaded is None:
            raise NoChampion(self.trouble or "no model is in service")
        return self._loaded

    @property
    def in_memory(self) -> Loaded | None:
        """The champion as it was last seen, without asking the store."""
        return self._loaded

    def expire(self) -> None:
        """Have the next `current()` ask the store again, over a new connection, whatever the clock says.

        For a process that will be continued elsewhere: neither its monotonic clock nor its open connections
        mean anything there.
        """
        self._next_check = float("-inf")
        self._store.disconnect()

    def _refresh(self) -> None:
        began = self._clock()
        try:
            self._load()
            self.trouble = None
        except LifeboatError as error:
            if self.trouble != str(error):
                log("ERROR", "champion not refreshed", reason=str(error), cause=repr(error.__cause__))
            self.trouble = str(error)
        finally:
            ended = self._clock()
            wait = self._refresh_seconds if self._loaded else min(_RETRY_SECONDS, self._refresh_seconds)
            # A store that hangs is not asked again by the same request, on its long way.
            self._next_check = ended + max(wait, ended - began if self.trouble else 0)

    def _load(self) -> None:
        if self._etag:
            blob = self._store.get_if_changed(deployment.CHAMPION, self._etag)
            if blob is None:
                return
            champion, etag = deployment.parse_champion(blob.body), blob.etag
        else:
            champion, etag = deployment.read_champion(self._store)
        if self._loaded is None or champion.version != self._loaded.manifest.version:
            manifest = versions.read_manifest(self._store, champion.version)
            self._loaded = Loaded(manifest, Scorer(versions.read_model(self._store, manifest)))
            log("INFO", "champion loaded", version=champion.version, sequence=champion.sequence)
        # Only now: a champion that cannot be loaded is tried again.
        self._etag = etag
