"""Sees one upload through: again where the store failed, and with a report where nothing helps.

Lambda does not repeat the event (`MaximumRetryAttempts: 0`): it could not tell a store that is away from a
retrain that ends the same way each time, and would run both three times.
"""

import errno
import tempfile
import time
from typing import Any

from functions.core.base.errors import Conflict, InvalidInput, LifeboatError, StoreUnavailable
from functions.core.base.logs import log
from functions.core.storage.contract import Store
from functions.core.storage.notifications import Notification
from functions.core.storage.view import ModelStore
from functions.retrain.retrain import RetrainSettings, model_of, retrain
from training.publication.upload import report_crash
from training.table.memory import available_memory

# Seconds between the attempts when the store fails.
PAUSES = (5.0, 30.0)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RetrainFailed(LifeboatError):
    """Uploads of an event of which nothing became, each with the reason."""


def attempt(store: Store, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    """What `retrain` answers. What it raises for good is logged and left as a report below `rejected/`."""
    try:
        return _repeat(store, notification, settings)
    except Exception as error:
        reason = explain(error)
        log(
            "ERROR",
            "retrain failed",
            key=notification.key,
            reason=reason,
            cause=repr(error.__cause__ or error),
        )
        _report(store, notification, reason)
        raise


def _repeat(store: Store, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    for pause in PAUSES:
        try:
            return retrain(store, notification, settings)
        except (StoreUnavailable, Conflict) as error:
            log("WARNING", "retrain again", key=notification.key, reason=str(error), seconds=pause)
        time.sleep(pause)
    return retrain(store, notification, settings)


def explain(error: Exception) -> str:
    """What went wrong, and what to do where that is known."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"the temporary folder {tempfile.gettempdir()} is full; upload a smaller file, without gzip, or "
            "give the function more ephemeral storage"
        )
    if isinstance(error, MemoryError):
        memory = available_memory()
        return f"it took more memory than {memory}; {memory.cure}, or upload a smaller file"
    return str(error) or repr(error)


def _report(store: Store, notification: Notification, reason: str) -> None:
    """Whoever waits for the upload looks there. Where even that fails, the log and the queue have to do."""
    try:
        part = ModelStore(store, model_of(notification.key))
        report_crash(part, notification.key, notification.version_id, reason)
    except (InvalidInput, StoreUnavailable) as error:
        log("ERROR", "the failure could not be reported", key=notification.key, reason=str(error))
