"""How a job begins: by a file that was put into the store, or by a request. The same file is one job."""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime

from functions.core.base.errors import Conflict, InvalidInput, NotFound
from functions.core.storage.contract import Entry
from functions.core.storage.view import ModelStore
from functions.scoring.job import Input, Job, StoredJob, create_job, read_job
from functions.scoring.places import IN, MANY, again_key, split_key, upload_key

EXPLAIN = "explain"
"""Name in the metadata of a file: `true` has each row explained."""

_DIGITS = 20


def new_id() -> str:
    return os.urandom(_DIGITS // 2).hex()


def expect_file(store: ModelStore, file: str, *, explain: bool, by: str) -> StoredJob:
    """A job that waits for its file to be uploaded. Raises `InvalidInput` for a name no file can have."""
    id_ = new_id()
    return create_job(store, _job(id_, upload_key(id_, file), "waiting", explain=explain, by=by))


def start_on_key(store: ModelStore, key: str, *, explain: bool, by: str) -> StoredJob:
    """A job on a file that is in the store already. key: in the whole store.

    Raises `InvalidInput` for a key that is none of a file of this model, `NotFound`.
    """
    model, own = split_key(key)
    if model != store.model or not own.startswith((IN, MANY)):
        raise InvalidInput(f"a file of the model {store.model} lies below {store.full(IN)}")
    entry = store.head(own)
    job = _job(new_id(), own, "running", explain=explain, by=by)
    stored = create_job(store, job.model_copy(update={"input": _input(entry)}))
    fire(stored)
    return stored


def job_of_upload(
    store: ModelStore, key: str, *, version_id: str | None, etag: str | None
) -> StoredJob | None:
    """The job on the object that was put at `key` (in the view): a new one, or the one there is.

    None where the object is gone, or another one is in its place by now, of which another event tells.
    """
    try:
        entry = store.head(key)
    except NotFound:
        return None
    is_another = version_id is not None and entry.version_id not in (None, version_id)
    if is_another or (version_id is None and etag is not None and entry.etag.strip('"') != etag.strip('"')):
        return None
    return _expected(store, key, entry) or _found(store, key, entry)


def fire(stored: StoredJob) -> None:
    """Have the store send the event by which the job is gone on with."""
    stored.store.put(again_key(stored.job.id), stored.etag.encode())


def _expected(store: ModelStore, key: str, entry: Entry) -> StoredJob | None:
    """The job that waits for this object, or had waited for it."""
    id_ = key.removeprefix(IN).partition("/")[0]
    try:
        stored = read_job(store, id_)
    except NotFound:
        return None
    if stored.job.key != key:
        return None
    if stored.job.state == "waiting":
        with suppress(Conflict):
            stored.save(state="running", input=_input(entry))
            return stored
        # The same event came twice, or somebody cancelled it.
        stored = read_job(store, id_)
    is_same = stored.job.input is None or stored.job.input == _input(entry)
    return stored if is_same else None


def _found(store: ModelStore, key: str, entry: Entry) -> StoredJob:
    """The job on an object that nobody had announced."""
    named = f"{key}\0{entry.version_id or entry.etag}"
    id_ = hashlib.sha256(named.encode()).hexdigest()[:_DIGITS]
    explain = entry.metadata.get(EXPLAIN, "").strip().lower() in ("true", "1", "yes")
    job = _job(id_, key, "running", explain=explain, by="")
    try:
        return create_job(store, job.model_copy(update={"input": _input(entry)}))
    except Conflict:
        return read_job(store, id_)


def _job(id_: str, key: str, state: str, *, explain: bool, by: str) -> Job:
    now = datetime.now(UTC)
    return Job.model_validate(
        {
            "id": id_,
            "key": key,
            "state": state,
            "created_at": now,
            "updated_at": now,
            "explain": explain,
            "by": by,
        }
    )


def _input(entry: Entry) -> Input:
    return Input(etag=entry.etag, size=entry.size, version_id=entry.version_id)
