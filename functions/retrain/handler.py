"""An S3 notification for every uploaded dataset: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.core.storage.contract import Store
from functions.core.storage.notifications import parse_event
from functions.core.storage.opening import open_store
from functions.retrain.attempts import RetrainFailed, attempt, explain
from functions.retrain.retrain import RetrainSettings


@lru_cache(maxsize=1)
def _settings() -> RetrainSettings:
    return RetrainSettings.from_environment()


@lru_cache(maxsize=1)
def _store() -> Store:
    return open_store(_settings().store)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Retrain for each record of `event`, oldest upload first, and say what became of it.

    A record that fails does not hold up the others. After them, `RetrainFailed` names each that did, so that
    the event ends in the failure queue, on which an alarm stands. To send it again is safe: what was done is
    not done twice.
    """
    results: list[dict[str, Any]] = []
    failures: dict[str, Exception] = {}
    notifications = parse_event(event)
    for notification in notifications:
        try:
            results.append(attempt(_store(), notification, _settings()))
        except Exception as error:
            failures[notification.key] = error
    if failures:
        reasons = "; ".join(f"{key}: {explain(error)}" for key, error in failures.items())
        raise RetrainFailed(f"{len(failures)} of {len(notifications)} uploads failed: {reasons}") from next(
            iter(failures.values())
        )
    return {"results": results}
