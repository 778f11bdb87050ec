"""Where the cells of a text lie, found for thousands of rows at once by numpy.

What the text has beyond cells between separators, and cells in quotes as `csv` writes them, is not decided
here: the rows that may mean something else are left to `csv`, and so is the whole text where its quotes are
not as usual.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from functions.core.schema.text.delimited import check_width
from functions.core.schema.text.row_parser import parse_all
from functions.core.schema.text.row_shape import Rows, fit_rows

MIN_ROWS = 200
"""Of fewer rows, `csv` is done before numpy has begun."""

Indices = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

KEY = 8
"""Bytes of a cell that make a key."""

_NEWLINE, _QUOTE, _RETURN, _SPACE = b'\n"\r '
# Behind the text, so that a key can be taken of its last cell.
_PADDING = b"\0" * 2 * KEY
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(KEY + 1)], dtype=np.uint64)
# What is seen of a character, in ASCII.
_INK = np.zeros(256, dtype=np.bool_)
_INK[0x21:0x7F] = True


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a column, row by row: where each begins and ends in the bytes, without its quotes.

    is_quoted: those that stand in quotes. is_doubled: those that have quotes within, each written twice.
    """

    spans: "Spans"
    starts: Indices
    ends: Indices
    is_quoted: Mask | None
    is_doubled: Mask | None

    @property
    def sizes(self) -> Indices:
        """Bytes of each cell."""
        return self.ends - self.starts

    def keys(self, rows: Indices | slice, *, offset: int = 0) -> Words:
        """Up to 8 bytes of the cells of those rows, from `offset` on, as numbers: the same for the same."""
        starts = self.starts[rows] + offset
        sizes = np.clip(self.ends[rows] - starts, 0, KEY)
        keys: Words = self.spans.windows[starts] & _MASKS[sizes]
        return keys

    def texts(self, rows: Sequence[int] | Indices | None = None) -> list[str]:
        """The cells of those rows, or of all, as `csv` reads them."""
        starts, ends = (self.starts, self.ends) if rows is None else (self.starts[rows], self.ends[rows])
        text = self.spans.text
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        if self.spans.is_ascii:
            texts = [text[start:end] for start, end in bounds]
        else:
            raw = self.spans.raw
            texts = [raw[start:end].decode() for start, end in bounds]
        spaced = self.spans.content[starts] == _SPACE
        for index in np.flatnonzero(spaced & ~_of(self.is_quoted, rows, len(starts))).tolist():
            texts[index] = texts[index].lstrip(" ")
        for index in np.flatnonzero(_of(self.is_doubled, rows, len(starts))).tolist():
            texts[index] = texts[index].replace('""', '"')
        return texts


def _of(mask: Mask | None, rows: Sequence[int] | Indices | None, size: int) -> Mask:
    if mask is None:
        return np.zeros(size, dtype=np.bool_)
    return mask if rows is None else mask[rows]


@dataclass(frozen=True, slots=True)
class Spans:
    """The rows of a text of whole lines.

    marks: where separators and line ends stand, ascending, behind a -1. quotes: of each mark, how many quotes
    there are between it and the one before; None where there are none. rows: of each row the index in `marks`
    of the mark before it. is_odd: the rows that only `csv` can read. lines: the line of the file on which
    each row begins. ends: where each row ends, its line end included.
    """

    text: str
    raw: bytes
    separator: str
    width: int
    marks: Indices
    quotes: Indices | None
    rows: Indices
    is_odd: Mask
    lines: Indices
    ends: Indices
    is_ascii: bool
    has_returns: bool
    content: Bytes = field(repr=False)
    windows: Words = field(repr=False)

    def cells(self, column: int) -> Cells:
        """The cells of a column in every row; of an odd row, any."""
        # An odd row may be the last one, and have fewer marks.
        ranks = np.where(self.is_odd, 0, self.rows) if self.is_odd.any() else self.rows
        if len(self.marks) <= column + 1:
            ranks, column = np.zeros_like(ranks), 0
        starts, ends = self.marks[ranks + column] + 1, self.marks[ranks + column + 1]
        if self.has_returns and column == self.width - 1:
            ends = ends - ((ends > starts) & (self.content[ends - 1] == _RETURN))
        if self.quotes is None:
            return Cells(self, starts, ends, None, None)
        quotes = self.quotes[ranks + column + 1]
        is_quoted = quotes > 0
        return Cells(self, starts + is_quoted, ends - is_quoted, is_quoted, quotes > 2)

    def read_rows(self, indices: Iterable[int]) -> Rows:
        """Those rows by `csv`."""
        cells: list[list[str]] = []
        starts = [0, *self.ends.tolist()]
        lines = self.lines.tolist()
        begins = []
        for index in indices:
            text = self.raw[starts[index] : starts[index + 1]].decode()
            read, _ = parse_all(text, lines[index], self.separator)
            cells += read
            begins += [lines[index]] * len(read)
        rows = fit_rows(cells, begins, self.width)
        check_width(rows)
        return rows


def find_spans(text: str, separator: str, width: int, line: int) -> Spans | None:
    """The cells of whole lines; None where only `csv` can tell, or would be as fast.

    width: of the header. line: of the file, on which the text begins.
    """
    if not separator.isascii() or "\0" in text:
        return None
    if not text.endswith("\n"):
        text += "\n"
    has_returns = "\r" in text
    if has_returns and text.count("\r\n") != text.count("\r"):
        return None
    raw = text.encode() + _PADDING
    content = np.frombuffer(raw, dtype=np.uint8)
    is_mark = (content == ord(separator)) | (content == _NEWLINE)
    quotes = None
    if '"' in text:
        marked = np.flatnonzero(is_mark | (content == _QUOTE))
        kinds = content[marked]
        is_quote = kinds == _QUOTE
        counted = np.cumsum(is_quote)
        if not _are_usual(content, marked[is_quote], ord(separator)):
            return None
        is_structure = ~is_quote & (counted & 1 == 0)
        places = marked[is_structure]
        quotes = np.diff(counted[is_structure], prepend=0)
        quotes = np.concatenate([[0], quotes])
    else:
        places = np.flatnonzero(is_mark)
    marks = np.concatenate([[-1], places])
    if len(marks) < MIN_ROWS or int(np.diff(marks).max()) > csv.field_size_limit():
        return None
    return _of_rows(text, raw, content, separator, width, line, marks, quotes, has_returns)


def _are_usual(content: Bytes, quotes: Indices, separator: int) -> bool:
    """Whether each quote opens or closes a cell, or is one of two within a cell, and the last one closes."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    # Before the first byte stands, by this index, the last of the padding.
    before, behind = content[opening - 1], content[closing + 1]
    opens = (before == separator) | (before == _NEWLINE) | (before == _QUOTE) | (opening == 0)
    closes = (behind == separator) | (behind == _NEWLINE) | (behind == _QUOTE) | (behind == _RETURN)
    return bool(opens.all() and closes.all())


def _of_rows(
    text: str,
    raw: bytes,
    content: Bytes,
    separator: str,
    width: int,
    line: int,
    marks: Indices,
    quotes: Indices | None,
    has_returns: bool,
) -> Spans | None:
    is_end = content[marks] == _NEWLINE
    # By index -1, the first of them is the last of the padding.
    is_end[0] = False
    last = np.flatnonzero(is_end)
    if len(last) < MIN_ROWS:
        return None
    rows = np.concatenate([[0], last[:-1]])
    is_odd = last - rows != width
    starts = marks[rows] + 1
    if quotes is None:
        lines = np.arange(line, line + len(rows))
    else:
        ends = np.flatnonzero(content == _NEWLINE)
        lines = line + np.searchsorted(ends, starts)
        # What stands in quotes may have line breaks.
        is_odd |= np.diff(lines, append=line + len(ends)) != 1
    is_odd |= _may_be_blank(content, starts, marks[last], ord(separator))
    # Eight bytes from each byte on.
    windows: Words = np.ndarray((len(raw) - KEY + 1,), dtype="<u8", buffer=raw, strides=(1,))
    return Spans(
        text=text,
        raw=raw,
        separator=separator,
        width=width,
        marks=marks,
        quotes=quotes,
        rows=rows,
        is_odd=is_odd,
        lines=lines,
        ends=marks[last] + 1,
        is_ascii=text.isascii(),
        has_returns=has_returns,
        content=content,
        windows=windows,
    )


def _may_be_blank(content: Bytes, starts: Indices, ends: Indices, separator: int) -> Mask:
    """The rows without a character of ASCII that is seen: blank ones are among them."""
    ink = _INK.copy()
    ink[[separator, _QUOTE]] = False
    first = content[starts]
    in_doubt = np.flatnonzero(~(ink[first] | ((first == _QUOTE) & ink[content[starts + 1]])))
    may_be = np.zeros(len(starts), dtype=np.bool_)
    if len(in_doubt):
        seen = np.cumsum(ink[content])
        may_be[in_doubt] = seen[ends[in_doubt]] == seen[starts[in_doubt]]
    return may_be
