"""The folder store's promises."""

import resource
from pathlib import Path

import pytest

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore


@pytest.fixture
def store(whole_store: Store) -> Store:
    """All of it, with the keys as they are."""
    return whole_store


def test_what_was_written_is_read(store: Store) -> None:
    etag = store.put("a/b.json", b"1")
    assert store.get("a/b.json").body == b"1"
    assert store.get("a/b.json").etag == etag
    assert store.get_if_changed("a/b.json", etag) is None
    store.put("a/b.json", b"22")
    changed = store.get_if_changed("a/b.json", etag)
    assert changed is not None
    assert changed.body == b"22"
    assert store.head("a/b.json").size == 2
    with store.open("a/b.json") as stream:
        assert stream.read() == b"22"


def test_create_writes_once(store: Store) -> None:
    store.create("k", b"first")
    with pytest.raises(Conflict):
        store.create("k", b"second")
    assert store.get("k").body == b"first"


def test_metadata_stays_with_its_object(store: Store) -> None:
    store.create("a/k", b"body", metadata={"made-by": "a test"})
    assert store.head("a/k").metadata == {"made-by": "a test"}
    assert [entry.key for entry in store.list("")] == ["a/k"]
    with pytest.raises(Conflict):
        store.create("a/k", b"body", metadata={"made-by": "another"})
    assert store.head("a/k").metadata == {"made-by": "a test"}
    store.delete("a/k")
    store.put("a/k", b"body")
    assert store.head("a/k").metadata == {}


def test_replace_needs_the_etag_of_what_is_there(store: Store) -> None:
    with pytest.raises(Conflict):
        store.replace("k", b"x", etag='"0"')
    etag = store.put("k", b"one")
    store.replace("k", b"two", etag=etag)
    with pytest.raises(Conflict):
        store.replace("k", b"three", etag=etag)
    assert store.get("k").body == b"two"


def test_a_listing_shows_what_is_below_the_prefix_in_order(store: Store) -> None:
    for key in ("b/2", "b/1", "c", "a"):
        store.put(key, b"")
    assert [entry.key for entry in store.list("b/")] == ["b/1", "b/2"]
    assert [entry.key for entry in store.list("")] == ["a", "b/1", "b/2", "c"]


def test_what_is_not_there_is_not_found(store: Store) -> None:
    for read in (store.get, store.head):
        with pytest.raises(NotFound):
            read("nothing")
    with pytest.raises(NotFound), store.open("nothing"):
        pass
    with pytest.raises(NotFound):
        store.get("../outside")


def test_a_full_disk_leaves_no_part_of_what_could_not_be_written(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(StoreUnavailable, match="could not write k"):
            FolderStore(str(tmp_path)).put("k", bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        FolderStore(str(tmp_path / "file")).put("k", b"")
