"""The schemas of champions in memory: read at first use, refreshed by ETag, kept while the store is away."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.base.refresh import Refresh
from functions.core.registry.keys import CHAMPION
from functions.core.registry.models import require_model
from functions.core.registry.serving import parse_served_champion, read_served_version
from functions.core.schema.schema import Schema
from functions.core.storage.view import ModelStore

# A schema takes some 100 kB, one of 1,000 fields with 50 categories each 6 MB. The model that was asked for
# longest ago goes first.
MAX_MODELS = 100


@dataclass(slots=True)
class _Kept:
    """etag: of the record of the champion whose schema this is."""

    schema: Schema
    etag: str
    refresh: Refresh


class SchemaCache:
    """Answers with the schema of a model's champion as it was at most `refresh_seconds` ago."""

    def __init__(self, refresh_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def schema_of(self, store: ModelStore) -> Schema:
        """The champion's schema, or the last good one while a newer cannot be had.

        Raises `NotFound` for a model that does not exist, `NoChampion`, `UnusableModel`, `StoreUnavailable`.
        """
        kept = self._kept.get(store.model)
        if kept is None:
            kept = self._kept[store.model] = self._first(store)
        elif kept.refresh.is_due:
            self._refreshed(store, kept)
        self._kept.move_to_end(store.model)
        if len(self._kept) > MAX_MODELS:
            self._kept.popitem(last=False)
        return kept.schema

    def _first(self, store: ModelStore) -> _Kept:
        refresh = Refresh("schema", self._refresh_seconds, self._clock, model=store.model)
        kept = _Kept(*_read(store, None), refresh)
        kept.refresh.postpone()
        return kept

    def _refreshed(self, store: ModelStore, kept: _Kept) -> None:
        def read() -> None:
            kept.schema, kept.etag = _read(store, kept)

        kept.refresh.attempt(read, has_answer=lambda: True)


def _read(store: ModelStore, kept: _Kept | None) -> tuple[Schema, str]:
    try:
        if kept is None:
            blob = store.get(CHAMPION)
        elif changed := store.get_if_changed(CHAMPION, kept.etag):
            blob = changed
        else:
            return kept.schema, kept.etag
    except NotFound as error:
        require_model(store)
        raise NoChampion(
            f"no version of the model {store.model} is in service yet, so there is nothing to label; "
            "upload a dataset to train one"
        ) from error
    champion = parse_served_champion(blob)
    try:
        served = read_served_version(store, champion.version, champion.manifest_sha256)
    except NotFound as error:
        raise UnusableModel(f"version {champion.version} is in service and not published") from error
    return served.schema, blob.etag
