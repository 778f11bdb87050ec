"""Turns one S3 notification into a retrain, or into a sentence why not."""

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import Any

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.logs import log
from functions.core.base.settings import Settings, setting
from functions.core.registry import lineage, uploader
from functions.core.registry.datasets import FOLDER, SUFFIXES, TARGET
from functions.core.registry.models import check_model_name, suggest_model_name
from functions.core.storage.contract import Entry, Store
from functions.core.storage.notifications import Notification
from functions.core.storage.view import ModelStore
from training.gate.rules import Limits
from training.model.train import Configuration
from training.publication.upload import reject, train_and_publish
from training.table.dataset import MAX_KEY_SHARE, RefusedDataset, file_sha256
from training.table.memory import available_memory
from training.table.provenance import Upload
from training.table.source import Source, download

# Whatever else became of an upload, somebody has to look at it.
_DONE = frozenset({"promoted", "published", "already published"})


@dataclass(frozen=True, kw_only=True)
class RetrainSettings(Settings, Limits):
    """`LIFEBOAT_STORE`; `LIFEBOAT_MAX_DATASET_BYTES`, the largest file that is trained on; `LIFEBOAT_FOLDS`
    of the cross-validation that selects a model; `LIFEBOAT_MAX_KEY_SHARE` of the rows that one key labelled;
    and the gate's limits: `LIFEBOAT_MIN_HOLDOUT_ROWS`, `_MIN_ROC_AUC`, `_MARGIN`, `_SLICE_MARGIN` and
    `_MAX_LABELLED_SHARE`."""

    store: str = setting()
    max_dataset_bytes: int = setting(128 * 2**20, gt=0)
    folds: int = setting(5, ge=2, le=20)
    max_key_share: float = setting(MAX_KEY_SHARE, ge=0, le=1)

    @property
    def limits(self) -> Limits:
        return Limits(**{limit.name: getattr(self, limit.name) for limit in fields(Limits)})


def retrain(store: Store, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    """Train on one upload. Returns `key`, `status`, `reason` and, where there is one, `model` and `version`.

    Of a dataset that was read it also returns the `rule` that decided, the `numbers`, `slices`, `limits` and
    `champion` it decided by (`core.registry.manifest.Decision`), and what was read (`training.table.report`).

    What is wrong with the upload is answered and logged, and that it takes more memory than there is. What is
    wrong with the store or with Lifeboat is raised: `StoreUnavailable`, `UnsafeStore`, `UnprovenModel`,
    `UnusableModel`, `OSError`.
    """
    try:
        model = model_of(notification.key)
    except InvalidInput as error:
        fate = {"key": notification.key, "status": "ignored", "reason": str(error)}
    else:
        fate = {"model": model} | _retrain(ModelStore(store, model), notification, settings)
    result = {"model": None, "version": None, **fate}
    log("INFO" if result["status"] in _DONE else "WARNING", "retrain", **result)
    return result


def model_of(key: str) -> str:
    """The model that an uploaded object is for. Raises `InvalidInput` that says where a dataset belongs."""
    where = f"put it at {FOLDER}{{model}}/{{file}}{SUFFIXES[0]}"
    if not key.startswith(FOLDER) or not key.endswith(SUFFIXES):
        endings = " or ".join(SUFFIXES)
        raise InvalidInput(f"only files below {FOLDER} that end with {endings} are datasets: {where}")
    model, slash, _ = key.removeprefix(FOLDER).partition("/")
    if not slash:
        raise InvalidInput(f"it names no model: {where}, such as {FOLDER}{suggest_model_name(model)}/{model}")
    try:
        return check_model_name(model)
    except InvalidInput as error:
        raise InvalidInput(f"{model} cannot be a model: {error}. To train one, {where}") from None


def _retrain(store: ModelStore, notification: Notification, settings: RetrainSettings) -> dict[str, Any]:
    full = notification.key
    key = store.relative(full)
    gone = {"key": full, "status": "gone", "reason": "the object was deleted before it was read"}
    try:
        entry = store.head(key, notification.version_id)
        if notification.version_id:
            # Where there are versions, a deleted object keeps them: nobody meant this one to train.
            store.head(key)
    except NotFound:
        return gone
    upload = Upload(
        full,
        entry.modified,
        entry.version_id,
        lineage.from_metadata(entry.metadata),
        uploader.from_metadata(entry.metadata),
    )
    if reason := _objection_to_size(store, upload, entry, settings):
        return reject(store, upload, RefusedDataset(reason), entry.etag.strip('"')).answer()
    with ExitStack() as stack:
        try:
            source = stack.enter_context(download(store, entry))
        except NotFound:
            return gone
        return _train(store, upload, source, entry.metadata.get(TARGET), settings)


def _objection_to_size(store: ModelStore, upload: Upload, entry: Entry, settings: RetrainSettings) -> str:
    """Why a file is not trained on here, and where it can be; "" where it is."""
    if not entry.size:
        return "the file is empty; it needs a header line and rows"
    if entry.size <= settings.max_dataset_bytes:
        return ""
    target = f" --target {shlex.quote(entry.metadata[TARGET])}" if TARGET in entry.metadata else ""
    return (
        f"the file has {entry.size:,} bytes, and this function trains on {settings.max_dataset_bytes:,} at "
        "most (LIFEBOAT_MAX_DATASET_BYTES). It stays where it is, to be trained on a machine with more "
        "memory: python -m training train --dataset "
        f"{shlex.quote(f's3://BUCKET/{upload.key}')}{target} --model {store.model} --store s3://BUCKET "
        "(docs/scale.md)"
    )


def _train(
    store: ModelStore, upload: Upload, source: Source, target: str | None, settings: RetrainSettings
) -> dict[str, Any]:
    try:
        return train_and_publish(
            store,
            upload,
            source,
            by="upload",
            target=target,
            configuration=Configuration(folds=settings.folds, max_key_share=settings.max_key_share),
            limits=settings.limits,
            progress=StepLog(),
        ).answer()
    except MemoryError:
        # Reported below, once what fills the memory is gone with the exception.
        pass
    memory = available_memory()
    refusal = RefusedDataset(f"training took more memory than {memory}; {memory.cure}, or upload fewer rows")
    return reject(store, upload, refusal, file_sha256(source)).answer()


class StepLog:
    """Logs each step of a training as it begins: a line for each candidate, not for each of its folds."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, name: str, done: int, of: int) -> None:
        if name != self._last:
            self._last = name
            log("INFO", "training", step=name, done=done, of=of)
