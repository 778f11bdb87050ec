"""Whether there are the models that a key is for."""

from collections.abc import Sequence

from functions.core.base.errors import StoreUnavailable
from functions.core.registry.missing_models import note_missing_models
from functions.core.storage.contract import Store


def note_models(store: Store, models: Sequence[str]) -> list[str]:
    """What is to be said of the models of a key, in sentences: a key is made for those to come, too."""
    if not models:
        return []
    try:
        return note_missing_models(store, models)
    except StoreUnavailable as error:
        return [
            f"Whether there are such models could not be looked up: {error}. The key opens those that there "
            "are; GET /models lists them."
        ]
