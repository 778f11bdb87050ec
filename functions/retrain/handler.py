"""An S3 notification for every uploaded dataset: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.core.store import Store, open_store
from functions.retrain.retrain import RetrainSettings, parse_event, retrain


@lru_cache(maxsize=1)
def _settings() -> RetrainSettings:
    return RetrainSettings.from_environment()


@lru_cache(maxsize=1)
def _store() -> Store:
    return open_store(_settings().store)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Retrain for each record of `event`, oldest upload first, and say what became of it."""
    notifications = parse_event(event)
    return {"results": [retrain(_store(), notification, _settings()) for notification in notifications]}
