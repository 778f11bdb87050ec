"""Keys of more than 1,024 bytes: no store has them, and each says so alike."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import InvalidInput, KeyTooLong, NotFound
from functions.core.http.refusals import STATUS
from functions.core.storage.contract import MAX_KEY_BYTES, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.s3 import S3Store
from functions.core.storage.view import ModelStore
from tests.support.uploads import BUCKET

LONG = "a/" * 510 + "ä" * 3  # 1,026 bytes, 1,023 characters
LONGEST = "a/" * 509 + "ä" * 3


@pytest.fixture(params=["folder", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "S3":
        request.getfixturevalue("s3")
        yield S3Store(BUCKET)
    else:
        yield FolderStore(str(tmp_path))


def test_a_key_that_is_too_long_is_refused_with_what_to_do(store: Store) -> None:
    assert len(LONG.encode()) > MAX_KEY_BYTES > len(LONG)
    writes: list[Any] = [store.put, store.create, lambda key, body: store.replace(key, body, etag='"0"')]
    for write in writes:
        with pytest.raises(
            KeyTooLong, match=r"is a name of 1,026 bytes, and a store takes 1,024 at most: choose"
        ):
            write(LONG, b"")
    reads: list[Any] = [
        store.get,
        store.head,
        lambda key: store.get_if_changed(key, "x"),
        lambda key: store.open(key).__enter__(),
    ]
    for read in reads:
        with pytest.raises(NotFound, match="too long for any store"):
            read(LONG)


def test_a_key_that_utf_8_cannot_hold_is_refused_and_nothing_is_at_it(store: Store) -> None:
    for write in (store.put, store.create):
        with pytest.raises(InvalidInput, match="UTF-8 cannot hold it; choose another"):
            write("in/\ud800.csv", b"")
    for read in (store.get, store.head):
        with pytest.raises(NotFound, match="UTF-8 cannot hold that name"):
            read("in/\ud800.csv")


def test_the_longest_key_there_is_can_be_written(store: Store) -> None:
    store.put(LONGEST, b"x")
    assert store.get(LONGEST).body == b"x"
    assert [entry.key for entry in store.list("a/")] == [LONGEST]
    store.delete(LONGEST)


def test_the_name_of_the_model_counts(tmp_path: Path) -> None:
    key = "datasets/" + "a/" * 505 + "aaaa"
    assert len(key) <= MAX_KEY_BYTES
    with pytest.raises(KeyTooLong):
        ModelStore(FolderStore(str(tmp_path)), "titanic").put(key, b"")


def test_a_caller_is_told_that_it_is_the_name() -> None:
    assert next(STATUS[kind] for kind in KeyTooLong.__mro__ if kind in STATUS)[0] == 422
