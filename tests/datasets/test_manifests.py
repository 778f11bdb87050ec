"""What manifests say of datasets is read once by a process, and again whenever it might be something else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.core.registry.keys import manifest_key, published_key, sha256
from functions.core.storage.contract import Blob
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.datasets import manifests
from functions.datasets.manifests import read_manifests
from tests.support.titanic import MODEL

OTHERS = [f"{number:016x}" for number in range(12)]


class CountingStore(FolderStore):
    """A folder that remembers the keys that were read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.reads: list[str] = []

    def get(self, key: str) -> Blob:
        self.reads.append(key)
        return super().get(key)


@pytest.fixture
def counting(store: ModelStore, tmp_path: Path) -> Iterator[CountingStore]:
    """The store with twelve more versions, of which this process has read nothing."""
    manifests._kept.clear()
    [first] = read_manifests(store)[0]
    for version in OTHERS:
        publish(store, first.version, version)
    manifests._kept.clear()
    yield CountingStore(str(tmp_path / "store"))
    manifests._kept.clear()


def publish(store: ModelStore, like: str, version: str) -> None:
    """A version that differs from another one by its name alone."""
    manifest = json.loads(store.get(manifest_key(like)).body) | {"version": version}
    write(store, version, json.dumps(manifest).encode())


def write(store: ModelStore, version: str, body: bytes) -> None:
    store.put(manifest_key(version), body)
    store.put(published_key(version), json.dumps({"manifest_sha256": sha256(body)}).encode())


def test_manifests_that_were_read_are_not_read_again(counting: CountingStore) -> None:
    view = ModelStore(counting, MODEL)
    made, damaged = read_manifests(view)
    assert (len(made), damaged) == (13, [])
    assert len(counting.reads) == 2 * 13
    counting.reads.clear()
    assert read_manifests(view) == (made, [])
    assert counting.reads == []


def test_only_what_was_published_since_is_read(counting: CountingStore, store: ModelStore) -> None:
    view = ModelStore(counting, MODEL)
    read_manifests(view)
    counting.reads.clear()
    publish(store, OTHERS[0], "f" * 16)
    store.delete(manifest_key(OTHERS[1]))
    made, _ = read_manifests(view)
    assert {one.version for one in made} >= {"f" * 16, OTHERS[0]}
    assert OTHERS[1] not in {one.version for one in made}
    assert {*counting.reads} == {view.full(published_key("f" * 16)), view.full(manifest_key("f" * 16))}


def test_a_manifest_that_was_exchanged_is_damaged_for_who_had_read_it(
    counting: CountingStore, store: ModelStore
) -> None:
    view = ModelStore(counting, MODEL)
    read_manifests(view)
    body = store.get(manifest_key(OTHERS[2])).body
    store.put(manifest_key(OTHERS[2]), body.replace(b'"rows": 1309', b'"rows": 1310'))
    # What vouches for this one was exchanged.
    store.put(published_key(OTHERS[3]), json.dumps({"manifest_sha256": "0" * 64}).encode())
    made, damaged = read_manifests(view)
    assert damaged == [OTHERS[2], OTHERS[3]]
    assert len(made) == 11
    # Restored, they count again.
    write(store, OTHERS[2], body)
    write(store, OTHERS[3], store.get(manifest_key(OTHERS[3])).body)
    assert (len(read_manifests(view)[0]), read_manifests(view)[1]) == (13, [])


@pytest.mark.parametrize("body", [b"junk", b"{}", b"[]"])
def test_a_manifest_that_is_none_is_damaged(counting: CountingStore, store: ModelStore, body: bytes) -> None:
    write(store, OTHERS[4], body)
    assert read_manifests(store)[1] == [OTHERS[4]]


def test_a_manifest_of_another_version_is_damaged(counting: CountingStore, store: ModelStore) -> None:
    write(store, OTHERS[5], store.get(manifest_key(OTHERS[6])).body)
    assert read_manifests(store)[1] == [OTHERS[5]]


def test_no_more_is_kept_than_fits(
    counting: CountingStore, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "MAX_KEPT", 5)
    for _ in range(2):
        assert len(read_manifests(store)[0]) == 13
        # As many readers as there are may add one each.
        assert len(manifests._kept) <= 5 + manifests.READ_AT_ONCE
