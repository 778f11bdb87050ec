"""A dataset that was decided on is uploaded as it was decided on, or not at all."""

import pytest

from functions.core.base.errors import NotFound
from functions.core.registry.lineage import from_metadata
from functions.core.registry.manifest import Lineage
from functions.core.storage.view import ModelStore
from functions.monitor.dataset import Built
from functions.monitor.pending import upload_dataset, write_copy

LINEAGE = Lineage(
    reference_key="datasets/titanic/a.csv",
    reference_version_id=None,
    reference_sha256="0" * 64,
    labels=1,
    reason="request",
    champion="b" * 16,
)
BUILT = Built("datasets/labelled-0000000000000001.csv", b"pclass,sex,survived\n1,female,1\n", LINEAGE)


def test_its_bytes_are_uploaded_with_their_lineage(store: ModelStore) -> None:
    assert upload_dataset(store, write_copy(store, BUILT))
    assert store.get(BUILT.key).body == BUILT.body
    assert from_metadata(store.head(BUILT.key).metadata) == LINEAGE


def test_other_bytes_than_those_decided_on_are_not_uploaded(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = write_copy(store, BUILT)
    store.put(pending.copy_key, BUILT.body.replace(b"female,1", b"female,0"))
    assert not upload_dataset(store, pending)
    assert "a dataset was changed before it was uploaded" in capsys.readouterr().out
    with pytest.raises(NotFound):
        store.get(BUILT.key)


def test_bytes_that_are_gone_are_said_to_be(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    pending = write_copy(store, BUILT)
    store.delete(pending.copy_key)
    assert not upload_dataset(store, pending)
    assert "a dataset is gone before it was uploaded" in capsys.readouterr().out
