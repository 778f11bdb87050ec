"""A dataset's bytes, to be read as often as it takes: a file, or a download that has no name."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Literal, Protocol

from functions.core.base.errors import StoreUnavailable
from functions.core.storage.contract import Entry, Store


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
