"""Runs of the monitor, and what there is for it to watch: a champion, its dataset, served rows."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.registry import deployment, versions
from functions.core.registry.keys import holdout_key, model_key, sha256
from functions.core.registry.lineage import from_metadata
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor.report import Report
from functions.monitor.run import run
from functions.monitor.settings import MonitorSettings
from tests.support.production import champion_of, label, predict
from tests.support.titanic import MODEL, TABLE, people

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = MonitorSettings(store="", default_model=MODEL, min_rows=300)
# The dataset that the champion was made from, in the view of its model and in the store.
UPLOADED = f"datasets/{MODEL}.csv"
UPLOADED_FULL = f"datasets/{MODEL}/{MODEL}.csv"


class Context:
    """What Lambda tells of an invocation: the time that is left."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


class Died(BaseException):
    """What kills a process, as far as the store can see."""


class Mortal(FolderStore):
    """A store whose user dies in place of the first write that `dies` says it of.

    dies: takes the number of the write, counted from 1, and the key.
    """

    def __init__(self, root: Path, dies: Callable[[int, str], bool]) -> None:
        super().__init__(str(root))
        self._dies = dies
        self._writes = 0

    def _written(self, key: str, body: bytes) -> Any:
        self._writes += 1
        if self._dies(self._writes, key):
            raise Died
        return super()._written(key, body)


def mortal(root: Path, dies: Callable[[int, str], bool]) -> ModelStore:
    """The model's part of such a store. The keys are those of the whole store."""
    return ModelStore(Mortal(root, dies), MODEL)


def watched(published: Path, folder: Path) -> ModelStore:
    """A copy of the `published` store below `folder`, in which the champion's dataset lies too."""
    shutil.copytree(published, folder / "store")
    store = ModelStore(FolderStore(str(folder / "store")), MODEL)
    store.put(UPLOADED, TABLE.read_bytes())
    return store


def put_into_service(store: ModelStore, key: str, version: str = "1" * 16) -> None:
    """Have the champion be one that was made from the upload at `key`: a copy of the one before, trained on
    nothing. What a retrain makes of an upload, tests/monitor/test_s3.py asks."""
    before, upload = champion_of(store), store.get(key).body
    made_from = {
        "key": store.full(key),
        "sha256": sha256(upload),
        "lineage": from_metadata(store.head(key).metadata),
    }
    for key_of in (model_key, holdout_key):
        store.put(key_of(version), store.get(key_of(before.version)).body)
    facts = before.dataset.model_copy(update=made_from)
    versions.write_manifest(store, before.model_copy(update={"version": version, "dataset": facts}))
    deployment.promote_by_hand(store, version, by="test", reason="a test", force=True)


def monitor(store: ModelStore, now: datetime = NOW, **options: Any) -> Report:
    return run(store, replace(SETTINGS, **options.pop("settings", {})), now=now, **options)


def serve(store: ModelStore, count: int, at: datetime = NOW, **which: Any) -> dict[str, bool]:
    """Serve rows. Their outcomes, by the id of the prediction."""
    drawn = people(count, **which)
    answered = predict(store, [row for row, _ in drawn], at)
    return dict(zip(answered, (outcome for _, outcome in drawn), strict=True))


def serve_labelled(
    store: ModelStore, count: int, seed: int = 0, *, at: datetime | None = None, wrong: bool = False
) -> None:
    """Serve rows, and report what they came to, or the contrary. at: None: now."""
    for id_, survived in serve(store, count, at or datetime.now(UTC), seed=seed).items():
        label(store, id_, survived is not wrong)


def datasets(store: ModelStore) -> list[str]:
    """The keys of all uploads, in the store."""
    return [store.full(entry.key) for entry in store.list("datasets/")]
