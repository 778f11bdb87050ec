"""A dataset's bytes, to be read as often as it takes: a file, or a download that has no name."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, cast

from functions.core.base.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from functions.core.storage.contract import Entry, Store
from functions.core.storage.object_stream import BLOCK_BYTES, ObjectStream
from functions.core.storage.opening import open_store


class Source(Protocol):
    """What a `Path` is as well. Only one stream of it may be open at a time."""

    def open(self, mode: Literal["rb"], /) -> AbstractContextManager[BinaryIO]:
        """The bytes from the first on, seekable."""
        ...


class Download:
    """The bytes in a file that is open already, and stays open when a reader is done."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    @contextmanager
    def open(self, _mode: Literal["rb"], /) -> Iterator[BinaryIO]:
        self._file.seek(0)
        yield self._file


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a store, read where it stands, by any process that gets there. address: of the store."""

    address: str
    key: str
    size: int
    etag: str

    @property
    def name(self) -> str:
        """Without the folders it is in."""
        return self.key.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.address}/{self.key}"

    @contextmanager
    def open(self, _mode: Literal["rb"], /) -> Iterator[BinaryIO]:
        """Reading raises `InvalidInput` once another object is there, or none."""
        store = open_store(self.address)
        raw = _ObjectStream(store, self.key, size=self.size, etag=self.etag)
        # The blocks are those of the stream; the buffer is for who reads some bytes at a time.
        yield cast(BinaryIO, io.BufferedReader(raw, buffer_size=1 << 16))


# Blocks of an object that are kept: the columns of a Parquet file are read by turns.
_BLOCKS = 16


class _ObjectStream(ObjectStream):
    def __init__(self, store: Store, key: str, *, size: int, etag: str) -> None:
        super().__init__(store, key, size=size, etag=etag, block=BLOCK_BYTES, kept=_BLOCKS)

    def _get(self, number: int) -> bytes:
        try:
            return super()._get(number)
        except (Conflict, NotFound) as error:
            raise InvalidInput(f"{self._key} has changed while it was read; begin again") from error


def size_of(source: Source) -> int:
    """The bytes of a file."""
    if isinstance(source, StoredObject):
        return source.size
    with source.open("rb") as stream:
        return stream.seek(0, io.SEEK_END)


@contextmanager
def download(store: Store, entry: Entry) -> Iterator[Download]:
    """The object that `entry` describes, on this machine.

    Its file has no name in the temporary folder, so that it is gone with the process, however that dies.
    Raises `NotFound`; `StoreUnavailable` when not all of it came; `OSError` when the folder is full.
    """
    with tempfile.TemporaryFile() as file:
        with store.open(entry.key, entry.version_id) as stream:
            shutil.copyfileobj(stream, file)
        # Whatever is still in the buffer fails here when the folder is full.
        file.flush()
        if (size := file.tell()) != entry.size:
            raise StoreUnavailable(f"{size:,} of {entry.size:,} bytes came of {entry.key}")
        yield Download(file)
