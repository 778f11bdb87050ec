"""Objects in parts, of a folder and of S3 alike: all at once or nothing, and read as long as they stay."""

import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.storage.contract import MIN_PART_BYTES, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.object_stream import ObjectStream
from functions.core.storage.s3 import S3Store
from functions.core.storage.view import ModelStore
from tests.support.uploads import BUCKET

# moto answers with a 500 where S3 says NoSuchUpload.
GONE = (NotFound, StoreUnavailable)
FIRST, LAST = b"a" * MIN_PART_BYTES, b"the end"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(str(tmp_path / "store"))
    request.getfixturevalue("s3")
    return S3Store(BUCKET)


def test_nothing_is_there_until_the_upload_is_completed(store: Store) -> None:
    upload = store.begin_upload("out/1.csv")
    last = store.upload_part("out/1.csv", upload, 2, LAST)
    store.upload_part("out/1.csv", upload, 1, b"b" * MIN_PART_BYTES)
    first = store.upload_part("out/1.csv", upload, 1, FIRST)
    assert [*store.list("")] == []
    with pytest.raises(NotFound):
        store.head("out/1.csv")
    store.complete_upload("out/1.csv", upload, [first, last])
    assert store.get("out/1.csv").body == FIRST + LAST
    # S3 takes a second time for the first, for a while; where it does not, nothing is changed either.
    with suppress(*GONE):
        store.complete_upload("out/1.csv", upload, [first, last])
    with pytest.raises(GONE):
        store.upload_part("out/1.csv", upload, 3, LAST)
    store.abort_upload("out/1.csv", upload)
    assert store.head("out/1.csv").size == len(FIRST + LAST)


def test_of_an_upload_that_is_given_up_nothing_stays(store: Store) -> None:
    upload = store.begin_upload("out/1.csv")
    part = store.upload_part("out/1.csv", upload, 1, LAST)
    store.abort_upload("out/1.csv", upload)
    store.abort_upload("out/1.csv", upload)
    with pytest.raises(GONE):
        store.complete_upload("out/1.csv", upload, [part])
    assert [*store.list("")] == []


def test_a_view_of_a_model_writes_and_reads_below_its_name(store: Store) -> None:
    view = ModelStore(store, "churn")
    upload = view.begin_upload("scored/out/1.csv")
    view.complete_upload("scored/out/1.csv", upload, [view.upload_part("scored/out/1.csv", upload, 1, LAST)])
    [entry] = store.list("scored/churn/out/")
    assert view.get_range("scored/out/1.csv", 4, 7, etag=entry.etag) == b"end"
    view.abort_upload("scored/out/1.csv", upload)


def test_a_range_is_of_the_object_that_was_meant(store: Store) -> None:
    etag = store.put("in/1.csv", b"0123456789")
    assert store.get_range("in/1.csv", 2, 5, etag=etag) == b"234"
    other = store.put("in/1.csv", b"9876543210")
    with pytest.raises(Conflict):
        store.get_range("in/1.csv", 2, 5, etag=etag)
    assert store.get_range("in/1.csv", 8, 10, etag=other) == b"10"
    store.delete("in/1.csv")
    with pytest.raises(NotFound):
        store.get_range("in/1.csv", 2, 5, etag=other)


def test_an_object_is_a_stream_that_can_be_sought(store: Store) -> None:
    etag = store.put("in/1.csv", bytes(range(100)))
    stream = ObjectStream(store, "in/1.csv", size=100, etag=etag, block=7)
    assert b"".join(iter(lambda: stream.read(10), b"")) == bytes(range(100))
    stream.seek(50)
    assert (stream.read(3), stream.tell()) == (bytes([50, 51, 52]), 53)
    stream.seek(-2, 2)
    assert stream.read() == bytes([98, 99])
    stream.seek(0)
    assert stream.readall() == bytes(range(100))
    store.put("in/1.csv", b"other")
    stream.seek(0)
    assert stream.read(7) == bytes(range(7)), "the beginning is kept"
    with pytest.raises(Conflict):
        stream.read(1)


def test_several_places_of_an_object_can_be_read_by_turns(store: Store) -> None:
    etag = store.put("in/1.csv", bytes(range(100)))
    stream = ObjectStream(store, "in/1.csv", size=100, etag=etag, block=10, kept=2)
    for start in (20, 60, 20, 60):
        stream.seek(start)
        assert stream.read(5) == bytes(range(start, start + 5))
    store.delete("in/1.csv")
    for start in (65, 25):
        stream.seek(start)
        assert stream.read(5) == bytes(range(start, start + 5)), "the last two are kept"
    with pytest.raises(NotFound):
        stream.read(1)


def test_whoever_has_an_address_may_do_what_it_is_for_and_nothing_else(s3: Any) -> None:
    store = S3Store(BUCKET)
    to_write = store.presign("PUT", "in/a file.csv", 60)
    assert to_write is not None
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in to_write
    request = urllib.request.Request(to_write, b"a,b\n1,2\n", {"content-type": "text/csv"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert store.get("in/a file.csv").body == b"a,b\n1,2\n"
    to_read = store.presign("GET", "in/a file.csv", 60)
    assert to_read is not None
    with urllib.request.urlopen(to_read) as answer:
        assert answer.read() == b"a,b\n1,2\n"


def test_a_folder_has_no_addresses(tmp_path: Path) -> None:
    assert FolderStore(str(tmp_path)).presign("GET", "a", 60) is None
