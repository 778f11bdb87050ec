"""What Lifeboat asks of a store: immutable writes, compare-and-swap, reads by ETag.

A key has 1 to 1,024 bytes in UTF-8, as in S3. Nothing can be at a longer one: reading raises `NotFound`,
writing `KeyTooLong`, in every store.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import BinaryIO, Literal, NamedTuple, Protocol

from functions.core.base.errors import InvalidInput, KeyTooLong, NotFound

MAX_KEY_BYTES = 1_024
MIN_PART_BYTES = 5 * 2**20
"""Of every part of an upload in parts, but the last."""
MAX_PARTS = 10_000


class Entry(NamedTuple):
    """An object as a listing shows it. `size` in bytes, `modified` in UTC.

    Only `head` tells `version_id`, where there are versions, and `metadata`.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    version_id: str | None = None
    metadata: Mapping[str, str] = MappingProxyType({})

    def __hash__(self) -> int:
        # A mapping has no hash; what else there is tells entries apart.
        return hash(self[:-1])


class Blob(NamedTuple):
    """An object's bytes and the ETag they had when they were read."""

    body: bytes
    etag: str


class Reader(Protocol):
    """Objects by key, to be read whole. Every method may raise `StoreUnavailable`."""

    def get(self, key: str) -> Blob:
        """Read an object. Raises `NotFound`."""
        ...

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        """Read an object unless it still has `etag` (then None). Raises `NotFound`."""
        ...

    def disconnect(self) -> None:
        """Close the connections kept open for the next request, which then opens one of its own."""
        ...


class Store(Reader, Protocol):
    """Objects by key, to be read and written. Every method may raise `StoreUnavailable`."""

    def head(self, key: str, version_id: str | None = None) -> Entry:
        """Describe an object without reading it. Raises `NotFound`."""
        ...

    def open(self, key: str, version_id: str | None = None) -> AbstractContextManager[BinaryIO]:
        """Stream an object, for what should not be held in memory. Raises `NotFound`.

        It is to be read in pieces: to iterate over S3's stream gives blocks of bytes, not lines.
        """
        ...

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """The bytes from `start` up to, not including, `end` of an object that still has `etag`.

        Raises `NotFound`, and `Conflict` where another object is at the key by now.
        """
        ...

    def list(self, prefix: str) -> Iterator[Entry]:
        """All objects below `prefix`, in the order of their keys."""
        ...

    def put(self, key: str, body: bytes) -> str:
        """Write an object whatever was there. Returns its ETag. Raises `KeyTooLong`."""
        ...

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        """Write `key` only if it does not exist. Returns its ETag.

        Raises `Conflict` when it does, `KeyTooLong`. Where the answer to an attempt was lost, and the next
        meets what that has written, the write counts as made; so it does with `replace`.

        `metadata` stays with the object: lower-case names, values in ASCII, 2 kB in all.
        """
        ...

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        """Write `key` only if it still has `etag`. Of the metadata before, nothing stays.

        Returns the new ETag. Raises `Conflict` when somebody else wrote first. metadata: as of `create`.
        """
        ...

    def begin_upload(self, key: str) -> str:
        """Begin to write an object in parts, and return the id of the upload. Raises `KeyTooLong`.

        Nothing is at the key until the upload is completed. One that never is, the store gives up by itself
        after some days.
        """
        ...

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Write a part and return its ETag. number: from 1 to `MAX_PARTS`; a part that is written again
        replaces the one of that number. Raises `NotFound` for an upload that was completed or aborted.
        """
        ...

    def complete_upload(self, key: str, upload: str, parts: Sequence[str]) -> None:
        """Have the object appear, made of the parts with these ETags, numbered from 1: all of it at once.

        Each but the last has `MIN_PART_BYTES` at least. Raises `NotFound` for an upload that was completed or
        aborted.
        """
        ...

    def abort_upload(self, key: str, upload: str) -> None:
        """Give an upload up and free what its parts took; fine if it has ended already."""
        ...

    def presign(self, method: Literal["GET", "PUT"], key: str, seconds: int) -> str | None:
        """An address at which whoever has it may read or write the object for so many seconds, and nothing
        else; None where the store has no such addresses.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete an object; fine if it is gone already. Where there are versions, the older ones stay."""
        ...

    def create_bucket(self) -> None:
        """Make the bucket or folder, with versioning where there is such a thing; fine if it is there."""
        ...


def check_key_to_read(key: str) -> None:
    """Raises `NotFound` for a key that nothing can be at."""
    size = _size(key)
    if size is None:
        raise NotFound(f"the store has no {_shortened(key)}: UTF-8 cannot hold that name")
    if size > MAX_KEY_BYTES:
        raise NotFound(f"the store has no {_shortened(key)}: its name is too long for any store")


def check_key_to_write(key: str) -> None:
    """Raises `KeyTooLong`, which says by how much, and `InvalidInput` for what is no text."""
    size = _size(key)
    if size is None:
        raise InvalidInput(f"{_shortened(key)} is no name for a store: UTF-8 cannot hold it; choose another")
    if size > MAX_KEY_BYTES:
        raise KeyTooLong(
            f"{_shortened(key)} is a name of {size:,} bytes, and a store takes {MAX_KEY_BYTES:,} at most: "
            "choose a shorter one"
        )


def _size(key: str) -> int | None:
    """In bytes; None for what has half of a character in it (a lone surrogate), as JSON may."""
    try:
        return len(key.encode())
    except UnicodeEncodeError:
        return None


def _shortened(key: str) -> str:
    return f"{key[:60]}…"
