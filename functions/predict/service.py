"""What the function holds between requests: its settings, the store, and the models in memory."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Self

from pydantic import Field

from functions.core.base.settings import Settings
from functions.core.registry import versions
from functions.core.schema.columns import Columns
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Reader, Store
from functions.core.storage.opening import open_reader, open_store
from functions.predict.champion import ChampionCache, Loaded
from functions.predict.predict import Origin, Scored, predict
from functions.predict.prediction_log import write_refusal

# A version that is asked for by name is loaded beside the champion; each takes a few megabytes.
_MOST_VERSIONS = 4


class PredictSettings(Settings):
    """`LIFEBOAT_STORE`; `LIFEBOAT_REFRESH_SECONDS`: how old the champion in memory may be;
    `LIFEBOAT_LOGGED_SHARE`: the share of predictions and refusals, 0 to 1, that the prediction log has."""

    refresh_seconds: float = Field(30.0, ge=0)
    logged_share: float = Field(1.0, ge=0, le=1)


class Service:
    """The champion, and any other published version by its name."""

    def __init__(self, settings: PredictSettings, reader: Reader) -> None:
        self.settings = settings
        self._reader = reader
        self.champions = ChampionCache(reader, settings.refresh_seconds)
        self._load = lru_cache(maxsize=_MOST_VERSIONS)(self._load_version)

    @classmethod
    def from_environment(cls) -> Self:
        settings = PredictSettings.from_environment()
        return cls(settings, open_reader(settings.store))

    @cached_property
    def store(self) -> Store:
        """The whole store, for what takes more than reading an object whose name is known."""
        return open_store(self.settings.store)

    def model(self, version: str | None = None) -> Loaded:
        """The champion, or the published version of that name.

        Raises `NoChampion`; for a version `NotFound`, `UnusableModel`, `StoreUnavailable`.
        """
        if version is None:
            return self.champions.current()
        champion = self.champions.in_memory
        if champion and champion.manifest.version == version:
            return champion
        return self._load(version)

    def predict(self, columns: Columns, model: Loaded, origin: Origin) -> Scored:
        """Score rows with one of the models, and log the share of them that the settings say."""
        return predict(columns, model, origin, logged_share=self.settings.logged_share)

    def log_refusal(self, rows: int, fields: Iterable[str], origin: Origin) -> None:
        """Log, for the same share, that `rows` passengers did not fit; fields: as in `write_refusal`."""
        share = self.settings.logged_share
        write_refusal(rows, fields, share=share, key_id=origin.key_id, request_id=origin.request_id)

    def _load_version(self, version: str) -> Loaded:
        manifest = versions.read_manifest(self._reader, version)
        return Loaded(manifest, Scorer(versions.read_model(self._reader, manifest)))


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service.from_environment()
