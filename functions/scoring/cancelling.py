"""Ends a job before its file is scored."""

from datetime import UTC, datetime

from functions.core.base.errors import Conflict
from functions.core.storage.view import ModelStore
from functions.scoring.job import StoredJob, read_job
from functions.scoring.places import again_key
from functions.scoring.worker import give_up_upload

# Whoever works on it replaces its record every few seconds, and more often where parts are quick.
_TRIES = 20


def cancel_job(store: ModelStore, id_: str) -> StoredJob:
    """Cancel a job; whoever works on it notices with its next write, and no result appears.

    Raises `NotFound`, and `Conflict` for one that has ended or whose result is just appearing.
    """
    for _ in range(_TRIES):
        stored = read_job(store, id_)
        if stored.job.state == "cancelled":
            return stored
        if stored.job.has_ended or stored.job.state == "completing":
            what = "has failed" if stored.job.state == "failed" else "is done"
            raise Conflict(f"the job {what} already: there is nothing left to cancel")
        try:
            stored.save(state="cancelled", ended_at=datetime.now(UTC), worker=None)
        except Conflict:
            continue
        give_up_upload(stored)
        store.delete(again_key(id_))
        return stored
    raise Conflict("the job got on each time it was to be cancelled; try again")
