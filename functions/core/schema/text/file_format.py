"""From the bytes of a file to the lines of its text: compression, encoding, and the bounds of both."""

import codecs
import gzip
import io
import tempfile
import weakref
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.foreign_formats import HEAD, objection

MAX_DECOMPRESSED = 2 * 1024**3
MAX_LINE = 1_000_000
"""Characters of a line."""
MAX_ROW = 4_000_000
"""Characters of a row; it has more lines than one where a cell in quotes has line breaks."""

_BLOCK = 1 << 20
_CHARACTERS = 1 << 17
_FIRST_CHARACTERS = 1 << 13
_IN_MEMORY = 1 << 25


@dataclass(slots=True)
class Meter:
    """What was read so far. rows: the list that whoever reads rows adds them to. characters: since it was
    emptied.
    """

    rows: list[list[str]] = field(default_factory=list)
    characters: int = 0


@dataclass(frozen=True, slots=True, weakref_slot=True)
class TextFile:
    """The text of a file. notes: what had to be decided to read it, in sentences."""

    stream: BinaryIO
    encoding: str
    errors: str
    notes: tuple[str, ...]

    def lines(self, meter: Meter) -> Generator[io.StringIO, None, None]:
        """The lines from the first on, each with its end; some thousands at a time, so that it costs little
        to ask.

        Only one such iterator may be in use at a time. Raises `InvalidInput` for a line of over `MAX_LINE`
        characters, and where `MAX_ROW` characters were not enough for another row of `meter`.
        """
        self.stream.seek(0)
        text = io.TextIOWrapper(self.stream, self.encoding, self.errors, newline="")
        number, unfinished, rows, without_row = 1, "", 0, 0
        # Few at first: often nothing but the header is asked for.
        size = _FIRST_CHARACTERS
        try:
            while block := text.read(size):
                size = min(2 * size, _CHARACTERS)
                block = unfinished + block
                if len(block) > MAX_LINE:
                    _check_first_line(block, number)
                # A "\r" at the very end may be half of "\r\n".
                end = max(block.rfind("\n"), block.rfind("\r", 0, len(block) - 1)) + 1
                unfinished = block[end:]
                number += block.count("\n", 0, end) or block.count("\r", 0, end)
                meter.characters += end
                without_row = without_row + end if rows == len(meter.rows) else end
                rows = len(meter.rows)
                if without_row > MAX_ROW:
                    raise InvalidInput(
                        f"the row that goes on at line {number} has more than {MAX_ROW:,} characters; "
                        "a quote in it is probably never closed"
                    )
                yield io.StringIO(block[:end], newline="")
            yield io.StringIO(unfinished, newline="")
        finally:
            # Without this, the stream would be closed with the wrapper.
            text.detach()

    def blocks(self) -> Iterator[bytes]:
        """The bytes from the first on, as they are encoded."""
        self.stream.seek(0)
        while block := self.stream.read(_BLOCK):
            yield block


def open_text(stream: BinaryIO, *, max_decompressed: int = MAX_DECOMPRESSED) -> TextFile:
    """The text of a seekable stream: UTF-8, UTF-16 or UTF-32 with its mark, or else Windows-1252; or one of
    them in gzip.

    max_decompressed: bytes that a file in gzip may have. The whole file is read once, to know its encoding.
    Raises `InvalidInput` for what is no text.
    """
    stream.seek(0)
    if stream.read(2) != b"\x1f\x8b":
        return _open_plain(stream)
    plain = _decompressed(stream, max_decompressed)
    try:
        text = _open_plain(plain)
    except BaseException:
        plain.close()
        raise
    # The temporary file goes when nobody can read the text any more: there is nothing to close for its
    # reader.
    weakref.finalize(text, plain.close)
    return text


def _open_plain(stream: BinaryIO) -> TextFile:
    stream.seek(0)
    head = stream.read(HEAD)
    if not head:
        raise InvalidInput("the file is empty; it needs a header line and rows")
    if reason := objection(head):
        raise InvalidInput(reason)
    encoding = _declared(head)
    try:
        _decode(stream, encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding == "utf-8-sig":
            note = "some bytes of the file are not UTF-8, though its mark is there; they are read as \ufffd"
            return TextFile(stream, encoding, "replace", (note,))
        if encoding:
            raise InvalidInput(
                f"the file says by its first bytes that it is {encoding.upper()}, and is not; save it as "
                "UTF-8"
            ) from None
        note = "the file is not UTF-8 and was read as Windows-1252; if letters look wrong, save it as UTF-8"
        return TextFile(stream, "cp1252", "replace", (note,))
    return TextFile(stream, encoding or "utf-8", "strict", ())


def _check_first_line(block: str, number: int) -> None:
    if not any(end in block[: MAX_LINE + 1] for end in "\r\n"):
        raise InvalidInput(
            f"line {number} has more than {MAX_LINE:,} characters; a table has one row on each line"
        )


def _decompressed(stream: BinaryIO, limit: int) -> BinaryIO:
    stream.seek(0)
    # In a file, so that it can be read twice; whoever reads it closes it, hence no `with`.
    plain = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    size = 0
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > limit:
                    plain.close()
                    raise InvalidInput(
                        f"the file has more than {limit:,} bytes once it is decompressed; upload it in parts"
                    )
                plain.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        plain.close()
        raise InvalidInput(
            "the file begins as gzip does, and is damaged or cut off; compress and upload it again"
        ) from error
    return plain


def _declared(head: bytes) -> str | None:
    """The encoding that a file's first bytes say it has."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else None


def _decode(stream: BinaryIO, encoding: str) -> None:
    """Raises `UnicodeDecodeError` where the bytes are not of that encoding, `InvalidInput` where they are no
    text.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    position = 0
    failure: UnicodeDecodeError | None = None
    while block := stream.read(_BLOCK):
        if b"\0" in block and not encoding.startswith(("utf-16", "utf-32")):
            raise InvalidInput(
                f"the file has a zero byte at position {position + block.index(0):,}, as no text has; it is "
                "damaged "
                "or was not written in full, so upload it again"
            )
        position += len(block)
        if failure is None:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                failure = error
    if failure is None:
        decoder.decode(b"", final=True)
    else:
        raise failure
