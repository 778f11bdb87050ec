"""The plain text of a file: out of gzip, and in an encoding whose line ends are single bytes."""

import codecs
import gzip
import io
import zlib
from typing import BinaryIO, cast

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.row_cutting import count_lines

MAX_RATIO = 200
"""How many times as large a file in gzip may become: tables become 3 to 50 times as large."""
FREE_BYTES = 256 * 2**20
"""What may be unpacked whatever the ratio."""

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_WIDE = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16"}
_WIDE |= {codecs.BOM_UTF16_BE: "utf-16"}


class Unpacked(io.RawIOBase):
    """The bytes of a stream in gzip, never all of them in memory or on a disk.

    To seek backwards unpacks from the beginning again. Raises `InvalidInput` where the stream is damaged or
    cut off, and where it becomes more than `MAX_RATIO` times as large (and more than `FREE_BYTES`): such a
    file is no table, and has no end that anybody would live to see.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._packed = stream
        self._plain = gzip.GzipFile(fileobj=stream, mode="rb")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._plain.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("an unpacked stream is sought from its beginning only")
        if offset < self._plain.tell():
            # A method of gzip's stream, which the stubs of some versions of Python lack.
            self._plain.rewind()  # type: ignore[attr-defined, unused-ignore]
        while (left := offset - self._plain.tell()) > 0 and self.read(min(left, _BLOCK)):
            pass
        return self._plain.tell()

    # io's stubs allow any writable buffer; Python's own readers pass these two, and only they can be sliced.
    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        block = self._read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def _read(self, size: int) -> bytes:
        try:
            block = self._plain.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InvalidInput(
                "the file begins as gzip does, and is damaged or cut off; compress and upload it again"
            ) from error
        plain = self._plain.tell()
        if plain > FREE_BYTES and plain > MAX_RATIO * self._packed.tell():
            raise InvalidInput(
                f"the file becomes more than {MAX_RATIO} times as large once it is decompressed, as no table "
                "does; upload it without gzip"
            )
        return block


class Recoded(io.RawIOBase):
    """The UTF-8 of a stream in UTF-16 or UTF-32. Raises `InvalidInput` for what is neither."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        super().__init__()
        self._stream = stream
        self._encoding = encoding
        self._position = 0
        self._ahead = b""
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a recoded stream is sought from its beginning only")
        if not offset or offset < self._position:
            self._stream.seek(0)
            self._decoder = codecs.getincrementaldecoder(self._encoding)()
            self._ahead = b""
            self._position = 0
        while (left := offset - self._position) > 0 and self.read(min(left, _BLOCK)):
            pass
        return self._position

    # io's stubs allow any writable buffer; Python's own readers pass these two, and only they can be sliced.
    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        while not self._ahead:
            block = self._stream.read(_BLOCK)
            try:
                self._ahead = self._decoder.decode(block, final=not block).encode()
            except UnicodeError:
                raise InvalidInput(
                    f"the file says by its first bytes that it is {self._encoding.upper()}, and is not; save "
                    "it as UTF-8"
                ) from None
            if not block:
                break
        taken = self._ahead[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ahead = self._ahead[len(taken) :]
        self._position += len(taken)
        return len(taken)


class Measured(io.RawIOBase):
    """Another stream, and how much of it was read so far: `size` bytes, and `lines` in them.

    A last line counts without its end, too.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.size = 0
        self._ends = 0
        self._last = b""

    @property
    def lines(self) -> int:
        return self._ends + (self._last not in (b"", b"\n", b"\r"))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    # io's stubs allow any writable buffer; Python's own readers pass these two, and only they can be sliced.
    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        begins = self._stream.tell()
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        if begins <= self.size < begins + len(block):
            new = block[self.size - begins :]
            self._ends += count_lines(new) - (self._last == b"\r" and new[:1] == b"\n")
            self._last = new[-1:]
            self.size += len(new)
        return len(block)


def unpack(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or what it holds in gzip."""
    stream.seek(0)
    is_packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    return cast(BinaryIO, Unpacked(stream)) if is_packed else stream


def recode(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or the UTF-8 of one that says by its first bytes that it is UTF-16 or UTF-32."""
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    for mark, encoding in _WIDE.items():
        if head.startswith(mark):
            return cast(BinaryIO, Recoded(stream, encoding))
    return stream
