"""The champion of a model in memory: loaded at first use, refreshed by ETag, kept while the store is away."""

import time
from collections.abc import Callable
from typing import NamedTuple

from functions.core.base.errors import NoChampion
from functions.core.base.logs import log
from functions.core.base.refresh import Refresh
from functions.core.predictions.writing import PredictionLog
from functions.core.registry import serving
from functions.core.registry.keys import CHAMPION
from functions.core.registry.serving import ServedVersion
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.view import ModelReader

# Most graphs load in milliseconds. The function itself has 15 seconds for a request.
LOAD_SECONDS = 10.0


class Loaded(NamedTuple):
    """A version that can score: what is known of it, its graph, and what reads and logs its rows."""

    served: ServedVersion
    scorer: Scorer
    rows: RowReader
    log: PredictionLog


def load_by_name(reader: ModelReader, version: str) -> Loaded:
    """Load a published version that need not be in service. Raises as `load`."""
    return load(reader, version, serving.read_published_digest(reader, version))


def load(reader: ModelReader, version: str, digest: str | None) -> Loaded:
    """Load a published version, if its manifest has this SHA-256. digest: None where nothing vouches for it.

    Raises `NotFound`, `UnusableModel`, `StoreUnavailable`.
    """
    served = serving.read_served_version(reader, version, digest)
    if digest is None:
        log(
            "WARNING",
            "nothing vouches for the manifest of a version: an earlier release published or promoted it; "
            "the next promotion writes down which it was",
            model=reader.model,
            version=version,
        )
    graph = serving.read_graph(reader, served.version, served.model_sha256)
    return Loaded(
        served,
        Scorer(graph, served.schema, seconds=LOAD_SECONDS),
        RowReader(served.schema),
        PredictionLog(served.schema, reader.model, version),
    )


class ChampionCache:
    """Answers with the champion as it was at most `refresh_seconds` ago."""

    def __init__(
        self,
        reader: ModelReader,
        refresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        may_be_missing: bool = False,
    ) -> None:
        """may_be_missing: the model was named by who asks, and that there is none is no fault of ours."""
        self._reader = reader
        expected = NoChampion if may_be_missing else ()
        self._refresh = Refresh("champion", refresh_seconds, clock, expected=expected, model=reader.model)
        self._loaded: Loaded | None = None
        self._etag = ""

    @property
    def is_missing(self) -> bool:
        """Whether the store was asked, and has no champion of this model."""
        return isinstance(self._refresh.failure, NoChampion)

    @property
    def trouble(self) -> str | None:
        """Why the champion could not be refreshed; None when all is well."""
        return self._refresh.trouble

    def current(self) -> Loaded:
        """The champion, or the last good one while a newer cannot be had. Raises `NoChampion`."""
        if self._refresh.is_due:
            # A store that hangs is not asked again by the same request, on its way through the app.
            self._refresh.attempt(self._load, has_answer=lambda: self._loaded is not None)
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
        self._refresh.expire()
        self._reader.disconnect()

    def _load(self) -> None:
        if self._etag:
            blob = self._reader.get_if_changed(CHAMPION, self._etag)
            if blob is None:
                return
            champion = serving.parse_served_champion(blob)
        else:
            champion = serving.read_served_champion(self._reader)
        if self._loaded is None or champion.version != self._loaded.served.version:
            self._loaded = load(self._reader, champion.version, champion.manifest_sha256)
            log(
                "INFO",
                "champion loaded",
                model=self._reader.model,
                version=champion.version,
                sequence=champion.sequence,
            )
        # Only now: a champion that cannot be loaded is tried again.
        self._etag = champion.etag
