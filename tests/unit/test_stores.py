"""The folder store's promises, and what stands on them: the probe, publication, promotion."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.base.errors import (
    Conflict,
    NoChampion,
    NotFound,
    StoreUnavailable,
    UnsafeStore,
    UnusableModel,
)
from functions.core.registry import deployment, versions
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.opening import open_store
from functions.core.storage.probe import PROBE, probe
from tests.conftest import QUICK, TITANIC
from training.publication import Upload, train_and_publish


class Careless(FolderStore):
    """A store that takes every write, as some S3-compatible ones do."""

    honours_create = False

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        return super().create(key, body, metadata=metadata) if self.honours_create else self.put(key, body)

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        return self.put(key, body)


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


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        FolderStore(str(tmp_path / "file")).put("k", b"")


@pytest.mark.parametrize("address", ["", "s3://", "s3://bucket/path", "https://example.org"])
def test_an_address_that_is_no_store_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="a store is"):
        open_store(address)


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
    upload = Upload("datasets/titanic.csv", datetime.now(UTC))
    with pytest.raises(UnsafeStore):
        train_and_publish(careless, upload, TITANIC, by="test", configuration=QUICK)
    assert list(versions.published(careless)) == []


def test_no_champion_and_a_damaged_one_are_told_apart(store: Store) -> None:
    with pytest.raises(NoChampion):
        deployment.read_champion(store)
    store.put(deployment.CHAMPION, b"{")
    with pytest.raises(UnusableModel):
        deployment.read_champion(store)


def test_only_a_published_version_can_be_promoted(store: Store) -> None:
    with pytest.raises(NotFound):
        deployment.promote(store, "0" * 16, over=None, by="test", reason="")
    with pytest.raises(NoChampion):
        deployment.read_champion(store)


def test_promotions_are_counted_and_the_loser_of_a_race_changes_nothing(store: Store) -> None:
    for version in ("one", "two", "three"):
        store.put(versions.manifest_key(version), b"{}")
    deployment.promote(store, "one", over=None, by="test", reason="first")
    with pytest.raises(Conflict):
        deployment.promote(store, "two", over=None, by="test", reason="also first")
    over = deployment.read_champion(store)
    with pytest.raises(Conflict, match="already"):
        deployment.promote(store, "one", over=over, by="test", reason="again")
    deployment.promote(store, "two", over=over, by="test", reason="better")
    with pytest.raises(Conflict):
        deployment.promote(store, "three", over=over, by="test", reason="late")
    champion, _ = deployment.read_champion(store)
    assert (champion.sequence, champion.version, champion.previous) == (2, "two", "one")
    assert [(entry.sequence, entry.version) for entry in champion.history] == [(1, "one"), (2, "two")]
