"""Noticing uploads in a store's listing."""

from pathlib import Path

from functions.core.base.errors import NotFound
from functions.core.storage.contract import Entry, Store
from functions.core.storage.folder import FolderStore
from functions.local.template import UploadTrigger
from functions.local.uploads import UploadWatcher

DATASETS = UploadTrigger("Uploaded", "F", "datasets/", ".csv")


def keys(watcher: UploadWatcher) -> list[str]:
    return [entry.key for entry in watcher.changes()]


def test_what_was_there_before_is_not_an_upload(store: Store) -> None:
    store.put("datasets/old.csv", b"1")
    assert keys(UploadWatcher(store, DATASETS)) == []


def test_a_new_object_and_a_changed_one_are_uploads_once(store: Store) -> None:
    store.put("datasets/old.csv", b"1")
    watcher = UploadWatcher(store, DATASETS)
    store.put("datasets/new.csv", b"1")
    store.put("datasets/old.csv", b"2")
    assert keys(watcher) == ["datasets/new.csv", "datasets/old.csv"]
    assert keys(watcher) == []


def test_the_same_bytes_again_are_an_upload(store: Store) -> None:
    store.put("datasets/a.csv", b"1")
    watcher = UploadWatcher(store, DATASETS)
    store.put("datasets/a.csv", b"1")
    assert keys(watcher) == ["datasets/a.csv"]


def test_other_prefixes_and_suffixes_are_not_uploads(store: Store) -> None:
    watcher = UploadWatcher(store, DATASETS)
    store.put("datasets/a.txt", b"1")
    store.put("models/a.csv", b"1")
    assert keys(watcher) == []


class Versioned(FolderStore):
    """A store that names versions when an object is described, and whose objects may be gone by then."""

    def head(self, key: str, version_id: str | None = None) -> Entry:
        if "gone" in key:
            raise NotFound(key)
        found = super().head(key)
        return Entry(found.key, found.size, found.etag, found.modified, "v7")


def test_an_upload_names_its_version_unless_it_is_gone(tmp_path: Path) -> None:
    store = Versioned(str(tmp_path))
    watcher = UploadWatcher(store, DATASETS)
    store.put("datasets/a.csv", b"1")
    store.put("datasets/gone.csv", b"1")
    assert [entry.version_id for entry in watcher.changes()] == ["v7", None]
