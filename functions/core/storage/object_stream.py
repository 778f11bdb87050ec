"""An object as a stream that can be sought: read block by block, as long as it is the same object."""

import io
from collections import OrderedDict

from functions.core.storage.contract import Store

BLOCK_BYTES = 4 * 2**20


class ObjectStream(io.RawIOBase):
    """The bytes of the object that has `etag`.

    size: of all of it. Its beginning, which is asked for again and again, is kept, and the `kept` blocks that
    were used last: more than one for who goes through several places of it by turns. Reading raises
    `NotFound` once the object is deleted, `Conflict` once another is in its place, `StoreUnavailable`.
    """

    def __init__(
        self, store: Store, key: str, *, size: int, etag: str, block: int = BLOCK_BYTES, kept: int = 1
    ) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._size = size
        self._etag = etag
        self._length = block
        self._position = 0
        self._first: bytes | None = None
        self._kept = kept
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    # io's stubs allow any writable buffer; Python's own readers pass these two, and only they can be sliced.
    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        if self._position >= self._size or not len(buffer):
            return 0
        number, offset = divmod(self._position, self._length)
        taken = self._read_block(number)[offset : offset + len(buffer)]
        buffer[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)

    def _read_block(self, number: int) -> bytes:
        if number == 0:
            if self._first is None:
                self._first = self._get(0)
            return self._first
        if number not in self._blocks:
            # Not both at once in memory.
            while len(self._blocks) >= self._kept:
                self._blocks.popitem(last=False)
            self._blocks[number] = self._get(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _get(self, number: int) -> bytes:
        start = number * self._length
        end = min(start + self._length, self._size)
        return self._store.get_range(self._key, start, end, etag=self._etag)
