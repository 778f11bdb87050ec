"""An S3 notification for every uploaded dataset: the Lambda entry point."""

from functools import lru_cache
from typing import Any

from functions.core.base.logs import log
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.retrain.retrain import RetrainSettings, parse_event, retrain


@lru_cache(maxsize=1)
def _settings() -> RetrainSettings:
    return RetrainSettings.from_environment()


@lru_cache(maxsize=1)
def _store() -> Store:
    return open_store(_settings().store)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Retrain for each record of `event`, oldest upload first, and say what became of it.

    A record that fails does not hold up the others. Its error is raised after them, so that the event is
    delivered again and, if that does not mend it, ends in the failure queue, on which an alarm stands.
    """
    results: list[dict[str, Any]] = []
    failures: list[Exception] = []
    for notification in parse_event(event):
        try:
            results.append(retrain(_store(), notification, _settings()))
        except Exception as error:
            log(
                "ERROR",
                "retrain failed",
                key=notification.key,
                reason=str(error) or repr(error),
                cause=repr(error.__cause__),
            )
            failures.append(error)
    if failures:
        raise failures[0]
    return {"results": results}
