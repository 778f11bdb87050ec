"""What the function holds between requests: its settings, the store, and the models in memory."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

from functions.core.base.errors import NoChampion, NotFound
from functions.core.base.settings import StoreSettings, setting
from functions.core.predictions.writing import write_refusal
from functions.core.schema.columns import Columns
from functions.core.storage.contract import Reader, Store
from functions.core.storage.opening import open_reader, open_store
from functions.core.storage.view import ModelReader, ModelStore
from functions.predict.champion import ChampionCache, Loaded, load_by_name
from functions.predict.scoring import Origin, Scored, score

# Each takes a few megabytes, one of 1,000 fields some 30. A version that is asked for by name is loaded
# beside the champions.
MAX_CHAMPIONS = 20
MAX_VERSIONS = 4


@dataclass(frozen=True, kw_only=True)
class PredictSettings(StoreSettings):
    """`LIFEBOAT_STORE`, `LIFEBOAT_DEFAULT_MODEL`; `LIFEBOAT_REFRESH_SECONDS`: how old a champion in memory
    may be; `LIFEBOAT_LOGGED_SHARE`: the share of predictions and refusals, 0 to 1, that the prediction log
    has."""

    refresh_seconds: float = setting(30.0, ge=0)
    logged_share: float = setting(1.0, ge=0, le=1)


class Service:
    """The champion of each model, and any other published version by its name."""

    def __init__(self, settings: PredictSettings, reader: Reader) -> None:
        self.settings = settings
        self._reader = reader
        # Those asked for last are kept.
        self._champions: OrderedDict[str, ChampionCache] = OrderedDict()
        # Of models that could not be asked about: they know when to ask again. Apart, as the names may stand
        # for nothing.
        self._troubled: OrderedDict[str, ChampionCache] = OrderedDict()
        self.default = self._cache_of(settings.default_model)
        self._load = lru_cache(maxsize=MAX_VERSIONS)(self._load_version)

    @classmethod
    def from_environment(cls) -> Self:
        settings = PredictSettings.from_environment()
        return cls(settings, open_reader(settings.store))

    @cached_property
    def whole_store(self) -> Store:
        """The store, for what takes more than reading an object whose name is known."""
        return open_store(self.settings.store)

    def store_of(self, model: str) -> ModelStore:
        return ModelStore(self.whole_store, model)

    def champion(self, model: str) -> Loaded:
        """The version of a model that is in service.

        Raises `NoChampion`; `NotFound` for a model, not the default one, of which the store has no champion.
        """
        cache = self.default if model == self.settings.default_model else self._cache_of(model)
        try:
            champion = cache.current()
        except NoChampion:
            if cache is not self.default and cache.is_missing:
                raise NotFound(
                    f"no model {model} is in service; GET /models lists those there are, and an upload to "
                    f"datasets/{model}/ trains one"
                ) from None
            if cache is not self.default and model not in self._champions:
                _keep(self._troubled, model, cache)
            raise
        if cache is not self.default:
            self._troubled.pop(model, None)
            _keep(self._champions, model, cache)
        return champion

    def version(self, model: str, version: str) -> Loaded:
        """A published version. Raises `NotFound`, `UnusableModel`, `StoreUnavailable`."""
        cache = self.default if model == self.settings.default_model else self._champions.get(model)
        champion = cache.in_memory if cache else None
        if champion and champion.served.version == version:
            return champion
        return self._load(model, version)

    def predict(
        self,
        columns: Columns,
        model: Loaded,
        origin: Origin,
        references: Sequence[str | None] | None = None,
    ) -> Scored:
        """Score rows with one of the models, and log the share of them that the settings say.

        references: the caller's own words for each row, where any has some.
        """
        return score(columns, model, origin, references, logged_share=self.settings.logged_share)

    def log_refusal(self, model: str, rows: int, fields: Iterable[str], origin: Origin) -> None:
        """Log, for the same share, that `rows` did not fit; fields: as in `write_refusal`."""
        cache = self.default if model == self.settings.default_model else self._champions.get(model)
        champion = cache.in_memory if cache else None
        write_refusal(
            champion.served.schema if champion else None,
            model,
            rows,
            fields,
            share=self.settings.logged_share,
            key_id=origin.key_id,
            request_id=origin.request_id,
        )

    def _cache_of(self, model: str) -> ChampionCache:
        known = self._champions.get(model) or self._troubled.get(model)
        return known or ChampionCache(
            ModelReader(self._reader, model),
            self.settings.refresh_seconds,
            may_be_missing=model != self.settings.default_model,
        )

    def _load_version(self, model: str, version: str) -> Loaded:
        return load_by_name(ModelReader(self._reader, model), version)


def _keep(caches: OrderedDict[str, ChampionCache], model: str, cache: ChampionCache) -> None:
    """Keep what can be of use: the one that was asked for longest ago goes."""
    caches[model] = cache
    caches.move_to_end(model)
    if len(caches) > MAX_CHAMPIONS:
        caches.popitem(last=False)


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service.from_environment()
