"""Turns one S3 notification into a retrain, or into a sentence why not."""

import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.logs import log
from functions.core.base.settings import Settings
from functions.core.registry import lineage
from functions.core.storage.contract import Store
from training.dataset import RefusedDataset
from training.gate import Limits
from training.publication import Outcome, Upload, train_and_publish
from training.train import Configuration

PREFIX, SUFFIX = "datasets/", ".csv"


class RetrainSettings(Settings, Limits):
    """`LIFEBOAT_STORE`; `LIFEBOAT_MAX_DATASET_BYTES`, the largest file that is trained on; `LIFEBOAT_FOLDS`
    of the cross-validation that selects a model; and the gate's limits: `LIFEBOAT_MIN_HOLDOUT_ROWS`,
    `_MIN_ROC_AUC`, `_MARGIN` and `_SLICE_MARGIN`."""

    max_dataset_bytes: int = Field(128 * 2**20, gt=0)
    folds: int = Field(5, ge=2, le=20)

    @property
    def limits(self) -> Limits:
        return Limits(**self.model_dump(include=set(Limits.model_fields)))


class Notification(BaseModel):
    """What a record of an S3 event says of an upload."""

    key: str
    version_id: str | None = None


class _Object(BaseModel):
    key: str
    version_id: str | None = Field(None, alias="versionId")
    sequencer: str = ""


class _S3(BaseModel):
    object: _Object


class _Record(BaseModel):
    event_source: str = Field(alias="eventSource")
    event_name: str = Field(alias="eventName")
    event_time: str = Field("", alias="eventTime")
    s3: _S3


class _Event(BaseModel):
    records: list[_Record] = Field(alias="Records")


def parse_event(event: dict[str, Any]) -> list[Notification]:
    """The uploads of an S3 notification, oldest first; events that are no upload are left out.

    S3 sends `s3:TestEvent` when a notification is set up: it has no records and means nothing.
    Raises `InvalidInput` for what is no S3 event.
    """
    if event.get("Event") == "s3:TestEvent":
        return []
    try:
        records = _Event.model_validate(event).records
    except ValidationError as error:
        raise InvalidInput("this is not an S3 notification; the function is fired by uploads only") from error
    uploads = [
        record
        for record in records
        if record.event_source == "aws:s3" and record.event_name.startswith("ObjectCreated:")
    ]
    # Sequencers of one key compare as hexadecimal numbers once they have the same length.
    width = max((len(record.s3.object.sequencer) for record in uploads), default=0)
    uploads.sort(key=lambda record: (record.event_time, record.s3.object.sequencer.ljust(width, "0")))
    return [
        Notification(
            key=unquote_plus(record.s3.object.key),
            version_id=record.s3.object.version_id,
        )
        for record in uploads
    ]


def retrain(store: Store, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    """Train on one upload. Returns `key`, `status`, `reason` and, where there is one, `version`.

    Of a dataset that was read it also returns the `rule` that decided, and the `numbers`, `slices`, `limits`
    and `champion` it decided by (`core.registry.manifest.Decision`).

    What is wrong with the upload is answered and logged. What is wrong with the store or with Lifeboat
    is raised: `StoreUnavailable`, `UnsafeStore`, `UnprovenModel`, `UnusableModel`.
    """
    result = {"version": None, **_retrain(store, notification, settings)}
    level = "WARNING" if result["status"] in {"rejected", "gone"} else "INFO"
    log(level, "retrain", **result)
    return result


def _retrain(store: Store, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    key = notification.key

    def said(status: str, reason: str) -> dict[str, Any]:
        return {"key": key, "status": status, "reason": reason}

    if not key.startswith(PREFIX) or not key.endswith(SUFFIX):
        return said("ignored", f"only {PREFIX}*{SUFFIX} are datasets")
    try:
        found = store.head(key, notification.version_id)
    except NotFound:
        return said("gone", "the object was deleted before it was read")
    if not 0 < found.size <= settings.max_dataset_bytes:
        size = f"{found.size} bytes" if found.size else "empty"
        refusal = RefusedDataset(f"the file is {size}; a dataset has 1 to {settings.max_dataset_bytes} bytes")
        report = refusal.report(key=key, version_id=found.version_id, etag=found.etag)
        store.put(f"rejected/{Path(key).name}.{found.etag.strip(chr(34))}.json", report)
        return Outcome(key, "rejected", refusal.decision()).answer()
    upload = Upload(key, found.modified, found.version_id, lineage.from_metadata(found.metadata))
    with tempfile.NamedTemporaryFile(suffix=SUFFIX) as file:
        try:
            with store.open(key, notification.version_id) as stream:
                shutil.copyfileobj(stream, file)
        except NotFound:
            return said("gone", "the object was deleted before it was read")
        file.flush()
        outcome = train_and_publish(
            store,
            upload,
            Path(file.name),
            by="upload",
            configuration=Configuration(folds=settings.folds),
            limits=settings.limits,
            progress=_log_step,
        )
        return outcome.answer()


def _log_step(what: str, done: int, of: int) -> None:
    log("INFO", "training", step=what, done=done, of=of)
