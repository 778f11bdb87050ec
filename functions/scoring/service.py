"""What the functions hold between invocations: settings, the store, versions in memory."""

from functools import cached_property, lru_cache

from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.scoring.settings import ScoringSettings


class Service:
    """The store of all models."""

    def __init__(self, settings: ScoringSettings) -> None:
        self.settings = settings

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings.store)

    def store_of(self, model: str) -> ModelStore:
        return ModelStore(self.store, model)


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(ScoringSettings.from_environment())
