"""What Lifeboat asks of a store: immutable writes, compare-and-swap, reads by ETag."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a listing shows it. `size` in bytes, `modified` in UTC.

    Only `head` tells `version_id`, where there are versions, and `metadata`.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    version_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Blob:
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

    def list(self, prefix: str) -> Iterator[Entry]:
        """All objects below `prefix`, in the order of their keys."""
        ...

    def put(self, key: str, body: bytes) -> str:
        """Write an object whatever was there. Returns its ETag."""
        ...

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        """Write `key` only if it does not exist. Returns its ETag. Raises `Conflict` when it does.

        `metadata` stays with the object: lower-case names, values in ASCII, 2 kB in all.
        """
        ...

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        """Write `key` only if it still has `etag`.

        Returns the new ETag. Raises `Conflict` when somebody else wrote first.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete an object; fine if it is gone already. Where there are versions, the older ones stay."""
        ...

    def create_bucket(self) -> None:
        """Make the bucket or folder, with versioning where there is such a thing; fine if it is there."""
        ...
