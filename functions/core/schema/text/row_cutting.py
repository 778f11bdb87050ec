"""Cuts the plain text of a table between rows, so that each part can be read by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.file_format import MAX_LINE, MAX_ROW

PART_BYTES = 1 << 20

_QUOTE = ord('"')
_BREAK = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Part:
    """Whole rows of a table. begins: where the part begins in the plain text, in bytes; line: the number of
    its first line, from 1."""

    body: bytes
    begins: int
    line: int

    @property
    def ends(self) -> int:
        return self.begins + len(self.body)


def cut_rows(
    stream: BinaryIO,
    dialect: Dialect,
    *,
    begins: int | None = None,
    line: int | None = None,
    size: int = PART_BYTES,
) -> Iterator[Part]:
    """The rows of a plain text from byte `begins` on, where line number `line` begins, in parts of about
    `size` bytes; from the first row on without these.

    No row is in two parts, not one with line breaks in a cell either. Whoever begins where a part ended gets
    the same parts that followed it: each ends with the last row before a multiple of `size`. Raises
    `InvalidInput` for a line or a row that has more characters than any may have.
    """
    begins = dialect.begins if begins is None else begins
    line = dialect.line if line is None else line
    stream.seek(begins)
    unfinished = b""
    reads = begins
    while block := read_bytes(stream, size - reads % size):
        reads += len(block)
        unfinished += block
        if end := _last_row_end(unfinished, dialect.separator):
            yield Part(unfinished[:end], begins, line)
            line += count_lines(unfinished[:end])
            begins += end
            unfinished = unfinished[end:]
        check_unfinished(unfinished, line)
    if unfinished:
        yield Part(unfinished, begins, line)


def read_bytes(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, fewer only at the end: a stream may give what it has at hand."""
    block = stream.read(size)
    while 0 < len(block) < size and (more := stream.read(size - len(block))):
        block += more
    return block


def count_lines(body: bytes) -> int:
    """How many lines end in it: a line ends with \\n, \\r or both."""
    if b"\r" not in body:
        return body.count(b"\n")
    return body.count(b"\n") + body.count(b"\r") - body.count(b"\r\n")


def find_line(stream: BinaryIO, number: int) -> int:
    """The byte at which line `number` of a plain text begins, from 0. number: from 1, and there has to be
    such a line, or the line before it is the last one."""
    stream.seek(0)
    offset, left, half = 0, number - 1, False
    while left > 0 and (block := stream.read(_HEAD)):
        # A "\r" that ended the block before may be half of "\r\n".
        if half and block.startswith(b"\n"):
            block, offset = block[1:], offset + 1
        half = block.endswith(b"\r")
        for line_break in _BREAK.finditer(block):
            left -= 1
            if not left:
                end = line_break.end()
                if half and end == len(block) and stream.read(1) == b"\n":
                    end += 1
                return offset + end
        offset += len(block)
    return offset


_HEAD = 1 << 16


def _last_row_end(body: bytes, separator: str) -> int:
    """How many bytes the whole rows have at the beginning of `body`, 0 where it has none. A "\\r" at the very
    end is none: it may be half of "\\r\\n".
    """
    if b'"' not in body:
        return _last_line_end(body, 0, len(body))
    for start, end in _outside_quotes(body, separator):
        if line_end := _last_line_end(body, start, end):
            return line_end
    return 0


def _last_line_end(body: bytes, start: int, end: int) -> int:
    """Behind the last line end of this part of `body`; 0 where it has none."""
    last = end - 1 if end == len(body) else end
    return max(body.rfind(b"\n", start, end), body.rfind(b"\r", start, last)) + 1


def _outside_quotes(body: bytes, separator: str) -> Iterator[tuple[int, int]]:
    """What lies between the cells in quotes, each from byte to byte, the last first. A quote within a cell is
    none."""
    # Not closed, or by what may be the first half of a quote that is written twice: not yet known.
    whole = len(body) - 1 if body.endswith(b'"') else len(body)
    quotes = np.flatnonzero(np.frombuffer(body, np.uint8, whole) == _QUOTE)
    if not _are_regular(body, quotes, separator):
        return reversed(_searched(body, separator))
    # They open and close by turns, and one written twice does both.
    bounds = np.concatenate([[0], quotes, [whole] if len(quotes) % 2 == 0 else []]).astype(np.intp)
    pairs = bounds.reshape(-1, 2)[::-1]
    return ((int(start), int(end)) for start, end in pairs)


def _are_regular(body: bytes, quotes: npt.NDArray[np.intp], separator: str) -> bool:
    """Whether each quote stands where a cell begins or ends, or beside another quote: where all do, every
    second one closes what the one before it opened.
    """
    is_edge = np.zeros(256, np.bool_)
    is_edge[[_QUOTE, *b"\r\n", ord(separator)]] = True
    letters = np.frombuffer(body, np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    if len(opening) and opening[0] == 0:
        opening = opening[1:]
    if len(closing) and closing[-1] + 1 == len(body):
        return False
    return bool(is_edge[letters[opening - 1]].all() and is_edge[letters[closing + 1]].all())


def _searched(body: bytes, separator: str) -> list[tuple[int, int]]:
    """The same for quotes anywhere, one after the other."""
    gaps = []
    start = 0
    for quoted in _quoted(separator).finditer(body):
        gaps.append((start, quoted.start(1)))
        start = quoted.end()
        if start == len(body):
            return gaps
    gaps.append((start, len(body)))
    return gaps


@lru_cache(maxsize=8)
def _quoted(separator: str) -> re.Pattern[bytes]:
    """A cell in quotes, which is group 1, closed or not."""
    before = re.escape(separator.encode())
    return re.compile(rb"(?:\A|[\r\n" + before + rb'])[ ]*("[^"]*(?:""[^"]*)*(?:"|\Z))')


def check_unfinished(unfinished: bytes, line: int) -> None:
    """Raises `InvalidInput` where what is no whole row yet is more than any may be."""
    if len(unfinished) <= MAX_LINE:
        return
    characters = len(unfinished.decode(errors="ignore"))
    if characters > MAX_LINE and not _BREAK.search(unfinished):
        raise InvalidInput(
            f"line {line} has more than {MAX_LINE:,} characters; a table has one row on each line"
        )
    if characters > MAX_ROW:
        raise InvalidInput(
            f"the row on line {line} has more than {MAX_ROW:,} characters; a quote in it is probably never "
            "closed"
        )
