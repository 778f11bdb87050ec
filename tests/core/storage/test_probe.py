"""The probe: a store that honours conditional writes passes, one that ignores them is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from functions.core.base.errors import UnsafeStore
from functions.core.registry import versions
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.probe import PROBE, probe
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL
from tests.support.training import publish


class Careless(FolderStore):
    """A store that takes every write, as some S3-compatible ones do."""

    honours_create = False

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return super().create(key, body, metadata=metadata) if self.honours_create else self.put(key, body)

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        return self.put(key, body)


def test_the_probe_passes_an_honest_store_again_and_again(store: Store) -> None:
    probe(store)
    probe(store)
    assert [entry.key for entry in store.list("registry/")] == [PROBE]


def test_the_probe_refuses_a_store_that_ignores_conditions(tmp_path: Path) -> None:
    careless = Careless(str(tmp_path))
    with pytest.raises(UnsafeStore, match="If-None-Match"):
        probe(careless)
    careless.honours_create = True
    with pytest.raises(UnsafeStore, match="If-Match"):
        probe(careless)
    view = ModelStore(careless, MODEL)
    with pytest.raises(UnsafeStore):
        publish(view)
    assert list(versions.published(view)) == []
