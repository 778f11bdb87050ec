"""From an event to the work on a job: once for each file, however often the event comes."""

from collections.abc import Callable
from typing import Any

from functions.core.base.errors import InvalidInput, LifeboatError, NotFound
from functions.core.base.logs import log
from functions.core.storage.notifications import Notification, parse_event
from functions.core.storage.view import ModelStore
from functions.scoring.job import StoredJob, read_job
from functions.scoring.loading import Loader
from functions.scoring.places import AGAIN, IN, MANY, again_key, split_key
from functions.scoring.service import Service
from functions.scoring.starting import fire, job_of_upload
from functions.scoring.worker import work_on

# One of the state machine's files, as its listing of them has it: Key, Etag.
ITEM = "item"

_loader = Loader()


class ScoringFailed(LifeboatError):
    """Files of an event that could not be scored now, each with the reason."""


def answer_event(
    service: Service, event: dict[str, Any], seconds_left: Callable[[], float]
) -> dict[str, Any]:
    """Work on what an event is about, and say how far each job is.

    What is wrong with a file is in the record of its job, and is no failure of the event. Raises
    `ScoringFailed` where the store was away or the like: sent again, the event is gone on with.
    """
    if ITEM in event:
        return _score_item(service, event[ITEM], seconds_left)
    results, failures = [], {}
    for notification in parse_event(event):
        try:
            results.append(_answer(service, notification, seconds_left))
        except LifeboatError as error:
            log(
                "ERROR",
                "scoring interrupted",
                key=notification.key,
                reason=str(error),
                cause=repr(error.__cause__),
            )
            failures[notification.key] = error
    if failures:
        said = "; ".join(f"{key}: {error}" for key, error in failures.items())
        raise ScoringFailed(said) from next(iter(failures.values()))
    return {"results": results}


def _answer(
    service: Service, notification: Notification, seconds_left: Callable[[], float]
) -> dict[str, Any]:
    key = notification.key
    try:
        model, own = split_key(key)
    except InvalidInput as error:
        return _said({"key": key, "state": "ignored", "reason": str(error)})
    store = service.store_of(model)
    if own.startswith(MANY):
        return _said({"key": key, "state": "ignored", "reason": "a state machine scores what lies there"})
    stored = _find(store, own, notification)
    if stored is None:
        reason = "the object was deleted or replaced before it was read"
        return _said({"key": key, "state": "gone", "reason": reason})
    stored = work_on(store, stored.job.id, _loader, seconds_left=seconds_left, limits=service.settings.limits)
    if stored.job.has_ended:
        store.delete(again_key(stored.job.id))
    elif stored.job.worker is None:
        fire(stored)
    return _told(stored)


def _find(store: ModelStore, own: str, notification: Notification) -> StoredJob | None:
    if not own.startswith(AGAIN):
        return job_of_upload(store, own, version_id=notification.version_id, etag=notification.etag)
    try:
        return read_job(store, own.removeprefix(AGAIN))
    except NotFound:
        return None


def _score_item(service: Service, item: dict[str, Any], seconds_left: Callable[[], float]) -> dict[str, Any]:
    """Work on one file of many. Whoever asks asks again while the answer is `running`."""
    key = str(item.get("Key", ""))
    try:
        model, own = split_key(key)
    except InvalidInput as error:
        # A folder's own object, a note beside the tables: to try again would not make a table of it.
        return _said({"key": key, "state": "ignored", "reason": str(error)})
    if not own.startswith((MANY, IN)):
        return _said({"key": key, "state": "ignored", "reason": "it fires a job and is no file to be scored"})
    store = service.store_of(model)
    stored = job_of_upload(store, own, version_id=None, etag=item.get("Etag"))
    if stored is None:
        return _said({"key": key, "state": "failed", "reason": "the object was deleted or replaced"})
    limits = service.settings.limits
    return _told(work_on(store, stored.job.id, _loader, seconds_left=seconds_left, limits=limits))


def _told(stored: StoredJob) -> dict[str, Any]:
    job = stored.job
    rows, bad = (job.progress.rows, job.progress.bad) if job.progress else (0, 0)
    return _said(
        {
            "key": stored.store.full(job.key),
            "model": stored.store.model,
            "job": job.id,
            "state": "running" if job.state == "completing" else job.state,
            "reason": job.reason,
            "version": job.version,
            "rows": rows,
            "bad": bad,
            "seconds": round(job.seconds, 1),
        }
    )


def _said(result: dict[str, Any]) -> dict[str, Any]:
    log("WARNING" if result["state"] in ("failed", "gone", "ignored") else "INFO", "scoring", **result)
    return result
