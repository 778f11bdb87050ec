"""What Lifeboat asks of a store: immutable writes, compare-and-swap, reads by ETag."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from functions.core.errors import Conflict, UnsafeStore

PROBE = "registry/probe.json"


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


def open_reader(address: str) -> Reader:
    """The store at `address`, to be read only: without the SDK where that can be."""
    if address.startswith("s3://"):
        from functions.core.s3_reader import S3Reader

        if reader := S3Reader.from_environment(_bucket(address), os.environ):
            return reader
    return open_store(address)


def open_store(address: str) -> Store:
    """The store at `s3://bucket` or in a folder. Raises `ValueError` for an address that is neither."""
    # Imported here: boto3 costs a fifth of a second, and a folder needs none of it.
    if address.startswith("s3://"):
        from functions.core.s3_store import S3Store

        return S3Store(_bucket(address))
    if not address or "://" in address:
        raise ValueError(f"a store is s3://bucket or a folder; got {address!r}")
    from functions.core.folder_store import FolderStore

    return FolderStore(address)


def _bucket(address: str) -> str:
    bucket, _, rest = address.removeprefix("s3://").partition("/")
    if not bucket or rest:
        raise ValueError(f"a store is s3://bucket, without a path in it; got {address!r}")
    return bucket


def probe(store: Store) -> None:
    """Make sure that the store honours If-None-Match and If-Match before anything relies on them.

    Writes `registry/probe.json` once and leaves it there. Raises `UnsafeStore`.
    """
    body = b'{"purpose": "shows that this store honours conditional writes"}'
    with suppress(Conflict):
        store.create(PROBE, body)
    with suppress(Conflict):
        store.create(PROBE, body)
        raise _unsafe("If-None-Match")
    with suppress(Conflict):
        store.replace(PROBE, body, etag='"00000000000000000000000000000000"')
        raise _unsafe("If-Match")


def _unsafe(header: str) -> UnsafeStore:
    return UnsafeStore(
        f"this store ignores {header} on writes, so two promotions at once could overwrite each other; "
        "use one that honours conditional writes, as Amazon S3, MinIO and Cloudflare R2 do"
    )
