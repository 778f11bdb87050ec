"""The folder store's promises."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from functions.core.base.errors import Conflict, KeyTooLong, NotFound, StoreUnavailable
from functions.core.storage.contract import Blob, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.parts import written
from tests.support.full_disk import no_room_beyond

ROOT = Path(__file__).parents[3]


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


def test_what_is_replaced_has_the_metadata_of_what_took_its_place(store: Store) -> None:
    etag = store.create("k", b"one", metadata={"by": "ada"})
    etag = store.replace("k", b"two", etag=etag, metadata={"by": "grace"})
    assert store.head("k").metadata == {"by": "grace"}
    store.replace("k", b"three", etag=etag)
    assert store.head("k").metadata == {}


def test_what_is_put_while_another_replaces_it_is_not_overwritten_unread(tmp_path: Path) -> None:
    store, other = FolderStore(str(tmp_path)), FolderStore(str(tmp_path))
    etag = store.put("k", b"one")
    putting = Thread(target=other.put, args=("k", b"put"))

    class Interrupted(FolderStore):
        def get(self, key: str) -> Blob:
            blob = super().get(key)
            putting.start()
            # Time enough to write, for who does not wait.
            putting.join(0.3)
            return blob

    Interrupted(str(tmp_path)).replace("k", b"replaced", etag=etag)
    putting.join()
    assert store.get("k").body == b"put"


def test_what_is_created_while_another_is_deleted_keeps_its_metadata(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path))
    store.create("k", b"one", metadata={"by": "ada"})
    creating = Thread(target=store.create, args=("k", b"two"), kwargs={"metadata": {"by": "grace"}})

    class Interrupted(FolderStore):
        @staticmethod
        def _beside(path: Path) -> Path:
            creating.start()
            creating.join(0.3)
            return FolderStore._beside(path)

    Interrupted(str(tmp_path)).delete("k")
    creating.join()
    assert (store.get("k").body, store.head("k").metadata) == (b"two", {"by": "grace"})


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        FolderStore(str(tmp_path / "file")).put("k", b"")


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("write", ["put", "create", "replace"])
def test_a_write_that_finds_no_room_leaves_nothing_and_what_was_there(tmp_path: Path, write: str) -> None:
    store = FolderStore(str(tmp_path))
    etag = store.put("a/old", b"old")
    before = files_of(tmp_path)
    big = b"x" * 100_000
    writes = {
        "put": lambda: store.put("a/old", big),
        "create": lambda: store.create("a/new", big, metadata={"made-by": "a test"}),
        "replace": lambda: store.replace("a/old", big, etag=etag),
    }
    with (
        no_room_beyond(1_000),
        pytest.raises(StoreUnavailable, match=r"could not write a/.*: File too large"),
    ):
        writes[write]()
    assert [name for name in files_of(tmp_path) if name != ".lock"] == [n for n in before if n != ".lock"]
    assert store.get("a/old").body == b"old"
    assert [entry.key for entry in store.list("")] == ["a/old"]


KILLED = """
import os, signal, sys
from functions.core.storage.folder import FolderStore
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
FolderStore(sys.argv[1]).put("a/killed", b"half of it")
"""


def test_what_a_killed_writer_left_is_in_no_listing_and_deleted_by_the_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False).returncode
    assert code == -signal.SIGKILL
    (left,) = (tmp_path / ".parts").iterdir()
    assert list(FolderStore(str(tmp_path)).list("")) == []
    # One that is being written, and has been for long; and one that has only just begun.
    old = time.time() - 60
    with written(tmp_path / ".parts", b"slow") as slow, written(tmp_path / ".parts", b"young"):
        for part in (left, slow):
            os.utime(part, (old, old))
        FolderStore(str(tmp_path)).put("a/next", b"")
        assert not left.exists()
        assert slow.exists()
    assert capsys.readouterr().out.count("left by a writer that died") == 1
    assert list((tmp_path / ".parts").iterdir()) == []


def test_metadata_of_an_object_that_never_appeared_is_not_that_of_the_next(
    store: Store, tmp_path: Path
) -> None:
    store.create("a/k", b"body", metadata={"made-by": "one that died"})
    (tmp_path / "store" / "a" / "k").unlink()
    store.create("a/k", b"body")
    assert store.head("a/k").metadata == {}


def test_what_is_deleted_while_it_is_listed_is_left_out(store: Store) -> None:
    for key in ("a", "b", "c"):
        store.put(key, b"")
    listing = store.list("")
    assert next(listing).key == "a"
    store.delete("b")
    assert [entry.key for entry in listing] == ["c"]


@pytest.mark.parametrize("key", ["x" * 300, f"{'y' * 300}/z", "ä" * 200])
def test_a_name_that_a_folder_cannot_have_is_told(store: Store, key: str) -> None:
    with pytest.raises(KeyTooLong, match="between two slashes, a file system takes some 255 bytes"):
        store.put(key, b"")
    with pytest.raises(NotFound):
        store.get(key)
    store.delete(key)


def test_a_folder_that_cannot_be_read_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(str(tmp_path))
    store.put("a/k", b"")

    def fail(*_: object, **__: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    # A disk that fails cannot be had; permissions do not bind whoever is root.
    for name, use in (
        ("read_bytes", lambda: store.get("a/k")),
        ("open", lambda: store.open("a/k").__enter__()),
        ("rglob", lambda: list(store.list("a/"))),
        ("unlink", lambda: store.delete("a/k")),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, fail)
            with pytest.raises(StoreUnavailable, match="Input/output error"):
                use()


def test_a_key_that_no_file_can_have_stands_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        FolderStore(str(tmp_path)).head("datasets/titanic/\0.csv")
