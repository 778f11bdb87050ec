"""From the lines of a text to rows of cells: separator, header, and rows that are not as wide as it."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter

from functions.core.base.errors import InvalidInput
from functions.core.schema.file_format import Meter, TextFile
from functions.core.schema.schema import fold

SEPARATORS = ",;\t|"
MAX_COLUMNS = 10_000
MAX_CHUNK = 8_000_000
"""Characters after which a chunk ends, however few rows it has by then."""

_STEP = 16
_SAMPLE_ROWS = 100
_SAMPLE = 1_000_000
_CONSISTENT = 0.8
_OF_NUMBERS = re.compile(r"(^|[a-z])(id|no|nr|num|number|index|row|key|#)$")
_BREAK = re.compile(r"\r\n|\r|\n")
_SAID = re.compile(r'\s*"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that have a cell for each column of the header, and the line of the file on which each begins,
    from 1.

    wide: of rows that have more cells, the line and how many cells. Rows without a character in them are left
    out.
    """

    cells: list[list[str]]
    lines: list[int]
    wide: list[tuple[int, int]]


class DelimitedFile:
    """A text whose lines are rows. header: the names of its columns, "" for a column without one.

    known: names that are expected in the header, folded. The separator is the one with which most of them are
    found; where that does not decide, the one with which the rows are as wide as the header, and the header
    widest. Raises `InvalidInput`.
    """

    def __init__(self, text: TextFile, known: Collection[str] = ()) -> None:
        self._text = text
        self.notes = [*text.notes]
        said = _said_separator(text)
        # A first line of `sep=;` is Excel's word for the separator, and no header.
        self._skipped = int(said is not None)
        candidates = [
            found for separator in said or SEPARATORS if (found := self._candidate(separator)) is not None
        ]
        if not candidates:
            # No separator makes rows of it: the fault of the first one is the one to tell.
            _first_row(_RowParser(text, (said or SEPARATORS)[0]), self._skipped)
            raise InvalidInput("the file is empty; it needs a header line and rows")
        best = max(candidates, key=lambda one: one.score(known))
        self.separator = best.separator
        self.header = [*map(str.strip, best.header)]
        if len(self.header) > MAX_COLUMNS:
            raise InvalidInput(
                f"the header names {len(self.header):,} columns; at most {MAX_COLUMNS:,} are read"
            )
        if _has_row_names(self.separator, self.header, best.sample):
            self.notes.append("the first cell of each row is its number or name, and was passed over")
            self.header.insert(0, "")

    def _candidate(self, separator: str) -> "_Candidate | None":
        with closing(_RowParser(self._text, separator)) as parser:
            try:
                header = _first_row(parser, self._skipped)
            except _NotCsv:
                return None
            if header is None:
                return None
            try:
                sample = parser.take(_SAMPLE_ROWS, _SAMPLE)[0]
            except InvalidInput:
                sample = []
        return _Candidate(separator, header, [row for row in sample if not _is_blank(row)])

    def rows(self, chunk_rows: int) -> Iterator[Rows]:
        """The rows below the header, in chunks of up to `chunk_rows`, in order.

        A row with fewer cells than the header lacks the last ones. Raises `InvalidInput`, naming the line,
        where the file stops being CSV.
        """
        width = len(self.header)
        with closing(_RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            while True:
                cells, lines = parser.take(chunk_rows, MAX_CHUNK)
                if not cells:
                    return
                yield _fitted(cells, lines, width)


class _NotCsv(InvalidInput):
    """A line at which a file stops being CSV."""


class _RowParser:
    """Reads rows from the first line on."""

    def __init__(self, text: TextFile, separator: str) -> None:
        self._meter = Meter()
        self._lines = text.lines(self._meter)
        # Strict: a quote that is never closed would swallow the rest of the file silently.
        lines = chain.from_iterable(self._lines)
        self._reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)

    def take(self, rows: int, characters: int) -> tuple[list[list[str]], list[int]]:
        """Up to `rows` rows, or as many as have `characters`; and the line on which each begins."""
        begins = self._reader.line_num + 1
        meter = self._meter
        meter.characters = 0
        cells = meter.rows = []
        try:
            while len(cells) < rows and meter.characters <= characters:
                before = len(cells)
                cells.extend(islice(self._reader, min(_STEP, rows - before)))
                if len(cells) == before:
                    break
        except csv.Error as error:
            *_, line = _line_numbers([*cells, []], begins)
            raise _NotCsv(f"the file stops being CSV at line {line}: {_explained(error)}") from error
        read = self._reader.line_num + 1 - begins
        lines = range(begins, begins + read) if read == len(cells) else _line_numbers(cells, begins)
        return cells, [*lines]

    def close(self) -> None:
        self._lines.close()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What a file looks like with one separator."""

    separator: str
    header: list[str]
    sample: list[list[str]]

    def score(self, known: Collection[str]) -> tuple[int, bool, int]:
        width = len(self.header)
        fitting = sum(width == len(row) for row in self.sample)
        return (
            sum(fold(name) in known for name in self.header),
            width > 1 and fitting >= _CONSISTENT * len(self.sample),
            width,
        )


def _explained(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quote that is opened there is never closed"
    if "field larger" in text:
        return f"a cell has more than {csv.field_size_limit():,} characters; a quote is probably never closed"
    if "expected after" in text:
        return 'text follows a closing quote; a quote within a cell is written twice, ""'
    return text


def _said_separator(text: TextFile) -> str | None:
    with closing(text.lines(Meter())) as lines:
        first = next((line for line in chain.from_iterable(lines) if line.strip()), "")
    said = _SAID.fullmatch(first)
    return said[1] if said else None


def _first_row(parser: _RowParser, skipped: int) -> list[str] | None:
    """The header: the first row that has a character in it, behind `skipped` of them; None when there is
    none.
    """
    while True:
        cells = parser.take(1, 1)[0]
        if not cells:
            return None
        if not _is_blank(cells[0]):
            if not skipped:
                return cells[0]
            skipped -= 1


def _is_blank(row: Sequence[str]) -> bool:
    return not "".join(row).strip()


def _line_numbers(cells: Sequence[Sequence[str]], begins: int) -> Iterator[int]:
    """On which line of the file each row begins: a cell in quotes may hold line breaks."""
    for row in cells:
        yield begins
        begins += 1 + sum(len(_BREAK.findall(cell)) for cell in row)


def _fitted(cells: list[list[str]], lines: list[int], width: int) -> Rows:
    if {*map(len, cells)} == {width} and all(map(str.strip, {*map(itemgetter(0), cells)})):
        return Rows(cells, lines, [])
    # Spreadsheets write rows of nothing but separators below a table.
    odd = [
        index
        for index, row in enumerate(cells)
        if len(row) != width or (not row[0].strip() and _is_blank(row))
    ]
    wide: list[tuple[int, int]] = []
    dropped = set()
    for index in odd:
        row = cells[index]
        if _is_blank(row):
            dropped.add(index)
        elif len(row) < width:
            cells[index] = row + [""] * (width - len(row))
        elif _is_blank(row[width:]):
            cells[index] = row[:width]
        else:
            wide.append((lines[index], len(row)))
            dropped.add(index)
    if dropped:
        cells = [row for index, row in enumerate(cells) if index not in dropped]
        lines = [line for index, line in enumerate(lines) if index not in dropped]
    return Rows(cells, lines, wide)


def _has_row_names(separator: str, header: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
    """Whether each row begins with its number or name, for which the header has no cell, as R's write.table
    leaves it.

    A row is also one cell too wide where a decimal comma is taken for a separator: where commas separate,
    nothing but 1, 2, 3, ... counts, and not below a header that begins with a column of such numbers.
    """
    width = len(header) + 1
    if (
        len(sample) < 2
        or any(len(row) != width for row in sample)
        or not any(row[-1].strip() for row in sample)
    ):
        return False
    names = [row[0].strip() for row in sample]
    if names == [str(number) for number in range(1, len(names) + 1)]:
        return separator != "," or not _OF_NUMBERS.search(fold(header[0]))
    return separator != "," and "" not in names and len(set(names)) == len(names)
