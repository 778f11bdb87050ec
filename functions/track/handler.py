"""A manifest, a promotion or an hour that has passed: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.core.registry.models import is_model_name, names
from functions.core.storage.contract import Store
from functions.core.storage.notifications import parse_event
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.track.settings import TrackSettings
from functions.track.track import track_model
from functions.track.tracker import Tracker


@lru_cache(maxsize=1)
def _settings() -> TrackSettings:
    return TrackSettings.from_environment()


@lru_cache(maxsize=1)
def _store() -> Store:
    return open_store(_settings().store)


@lru_cache(maxsize=1)
def _tracker() -> Tracker:
    return Tracker(_settings().tracking_uri, _settings().store)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Have MLflow show the models that an event is about; all there are where the schedule sends it.

    Raises `TrackingFailed` while MLflow cannot be had: nothing is lost, and the next event catches up.
    """
    models = names(_store()) if event.get("source") == "aws.events" else _models_of(event)
    return {
        "tracked": [
            {"model": tracked.model, "added": len(tracked.added), "champion": tracked.champion}
            for tracked in (track_model(ModelStore(_store(), model), _tracker()) for model in models)
        ]
    }


def _models_of(event: dict[str, Any]) -> list[str]:
    """The models that the keys of an event belong to: `models/{model}/…`, `registry/{model}/…`; each once."""
    words = (notification.key.split("/") for notification in parse_event(event))
    return [*dict.fromkeys(word[1] for word in words if len(word) > 2 and is_model_name(word[1]))]
