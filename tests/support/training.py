"""Real trainings, as small as there can be: the tests are about what happens around them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.core.registry import deployment
from functions.core.registry.lineage import from_metadata
from functions.core.storage.view import ModelStore
from tests.support.production import champion_of
from tests.support.titanic import SCHEMA, TABLE
from training.model.train import Configuration
from training.publication.promotion import Outcome
from training.publication.upload import train_and_publish
from training.table.provenance import Upload

QUICK = Configuration(folds=2)


def quiet(_what: str, _done: int, _of: int) -> None:
    """A progress that nobody watches."""


def publish(
    store: ModelStore, path: Path = TABLE, key: str = "datasets/titanic.csv", **options: Any
) -> Outcome:
    """Train on the file at `path`, as if it had been uploaded as `key`, and publish the model."""
    upload = Upload(store.full(key), datetime.now(UTC), **options)
    return train_and_publish(store, upload, path, by="test", schema=SCHEMA, configuration=QUICK)


def retrain(store: ModelStore, full_key: str, folder: Path) -> str:
    """What functions/retrain makes of an upload, and its promotion if the gate would not. The version."""
    key = store.relative(full_key)
    path = folder / Path(key).name
    path.write_bytes(store.get(key).body)
    version = publish(store, path, key, lineage=from_metadata(store.head(key).metadata)).version
    assert version is not None
    if champion_of(store).version != version:
        deployment.promote_by_hand(store, version, by="test", reason="a test", force=True)
    return version
