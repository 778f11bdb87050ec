"""What a function that needs the store, and nothing else, holds between requests."""

from functools import lru_cache

from functions.core.base.settings import StoreSettings
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store


class StoreService:
    """The settings, and the store of all models."""

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self.store: Store = open_store(settings.store)


@lru_cache(maxsize=1)
def service() -> StoreService:
    """The one service of this process, made at first use."""
    return StoreService(StoreSettings.from_environment())
