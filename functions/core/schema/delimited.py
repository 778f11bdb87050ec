"""From the lines of a text to rows of cells: separator, header, and rows that are not as wide as it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from functions.core.base.errors import InvalidInput
from functions.core.base.formulas import meant
from functions.core.schema.file_format import Meter, TextFile
from functions.core.schema.row_shape import Rows, fit_rows, has_row_names, is_blank, line_numbers
from functions.core.schema.schema import fold

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

SEPARATORS = ",;\t|"
MAX_COLUMNS = 10_000
MAX_CHUNK = 4_000_000
"""Characters after which a chunk ends, however few rows it has by then: a cell of two takes sixty bytes."""

_STEP = 16
# Of rows that are on average longer than this, one is read at a time: sixteen could be four chunks.
_LONG_ROW = 50_000
_SAMPLE_ROWS = 100
_FEW_ROWS = 20
_SAMPLE = 1_000_000
_CONSISTENT = 0.8
_SAID = re.compile(r'\s*"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)


class DelimitedFile:
    """A text whose lines are rows. header: the names of its columns, "" for a column without one.

    known: names that are expected in the header, folded. The separator is the one with which most of them are
    found; where that does not decide, the one with which the rows are as wide as the header, and the header
    widest. Raises `InvalidInput`.
    """

    def __init__(self, text: TextFile, known: AbstractSet[str] = frozenset()) -> None:
        self._text = text
        self.notes = [*text.notes]
        said = _said_separator(text)
        # A first line of `sep=;` is Excel's word for the separator, and no header.
        self._skipped = int(said is not None)
        headers = {separator: self._header(separator) for separator in said or SEPARATORS}
        candidates = [_Candidate(separator, header) for separator, header in headers.items() if header]
        if not candidates:
            # No separator makes rows of it: the fault of the first one is the one to tell.
            with closing(_RowParser(text, (said or SEPARATORS)[0])) as parser:
                _first_row(parser, self._skipped)
            raise InvalidInput("the file is empty; it needs a header line and rows")
        most = max(candidate.known(known) for candidate in candidates)
        candidates = [candidate for candidate in candidates if candidate.known(known) == most]
        # Where the names decide, few rows tell whether there is a column without one.
        size = _SAMPLE_ROWS if len(candidates) > 1 or not most else _FEW_ROWS
        samples = {candidate.separator: self._sample(candidate.separator, size) for candidate in candidates}
        best = max(candidates, key=lambda candidate: candidate.fit(samples[candidate.separator]))
        self.separator = best.separator
        self.header = [meant(name.strip()) for name in best.header]
        if len(self.header) > MAX_COLUMNS:
            raise InvalidInput(
                f"the header names {len(self.header):,} columns; at most {MAX_COLUMNS:,} are read"
            )
        if has_row_names(self.separator, self.header, samples[self.separator]):
            self.notes.append("the first cell of each row is its number or name, and was passed over")
            self.header.insert(0, "")

    def _header(self, separator: str) -> list[str] | None:
        with closing(_RowParser(self._text, separator)) as parser:
            try:
                return _first_row(parser, self._skipped)
            except _NotCsv:
                return None

    def _sample(self, separator: str, size: int) -> list[list[str]]:
        """The first rows below the header; none where they are no CSV."""
        with closing(_RowParser(self._text, separator)) as parser:
            _first_row(parser, self._skipped)
            try:
                rows = parser.take(size, _SAMPLE)[0]
            except InvalidInput:
                return []
        return [row for row in rows if not is_blank(row)]

    def header_lines(self) -> int:
        """How many lines there are above the first row: the header's own, and any before it."""
        with closing(_RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            return parser.lines

    def rows(self, chunk_rows: int) -> Iterator[Rows]:
        """The rows below the header, in chunks of up to `chunk_rows`, in order.

        A row with fewer cells than the header lacks the last ones. Raises `InvalidInput`, naming the line,
        where the file stops being CSV, or a row has more than `MAX_COLUMNS` cells.
        """
        width = len(self.header)
        with closing(_RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            while True:
                cells, lines = parser.take(chunk_rows, MAX_CHUNK)
                if not cells:
                    return
                rows = fit_rows(cells, lines, width)
                _check_width(rows)
                yield rows


class _NotCsv(InvalidInput):
    """A line at which a file stops being CSV."""


class _RowParser:
    """Reads rows from the first line on."""

    def __init__(self, text: TextFile, separator: str) -> None:
        self._meter = Meter()
        self._lines = text.lines(self._meter)
        lines = chain.from_iterable(self._lines)
        self._reader = _csv_reader(lines, separator)

    def take(self, rows: int, characters: int) -> tuple[list[list[str]], list[int]]:
        """Up to `rows` rows, or as many as have `characters`; and the line on which each begins."""
        begins = self._reader.line_num + 1
        meter = self._meter
        meter.characters = 0
        cells = meter.rows = []
        try:
            while len(cells) < rows and meter.characters <= characters:
                before = len(cells)
                step = 1 if meter.characters >= _LONG_ROW * before else _STEP
                cells.extend(islice(self._reader, min(step, rows - before)))
                if len(cells) == before:
                    break
        except csv.Error as error:
            raise _not_csv(error, cells, begins) from error
        return cells, _lines_of(cells, begins, self._reader.line_num + 1 - begins)

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return self._reader.line_num

    def close(self) -> None:
        self._lines.close()


def parse_rows(text: str, line: int, separator: str, width: int) -> Rows:
    """The rows of a part of a file, whole ones, of which the first begins on this line; see
    `DelimitedFile.rows`.

    Raises `InvalidInput` likewise.
    """
    reader = _csv_reader(io.StringIO(text, newline=""), separator)
    cells: list[list[str]] = []
    try:
        cells.extend(reader)
    except csv.Error as error:
        raise _not_csv(error, cells, line) from error
    rows = fit_rows(cells, _lines_of(cells, line, reader.line_num), width)
    _check_width(rows)
    return rows


def _csv_reader(lines: Iterable[str], separator: str) -> "CsvReader":
    # Strict: a quote that is never closed would swallow the rest of the file silently.
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _lines_of(cells: list[list[str]], begins: int, read: int) -> list[int]:
    """The line on which each row begins. read: how many lines the rows have."""
    return [*(range(begins, begins + read) if read == len(cells) else line_numbers(cells, begins))]


def _not_csv(error: csv.Error, cells: list[list[str]], begins: int) -> _NotCsv:
    """cells: of the rows before it, of which the first begins on line `begins`."""
    *_, line = line_numbers([*cells, []], begins)
    return _NotCsv(f"the file stops being CSV at line {line}: {_explained(error)}")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What the header is with one separator."""

    separator: str
    header: list[str]

    def known(self, names: AbstractSet[str]) -> int:
        """How many of the names, folded, are in the header."""
        return sum(name in names for name in map(fold, self.header)) if names else 0

    def fit(self, sample: Sequence[Sequence[str]]) -> tuple[bool, int]:
        """How well the header fits the rows below it: the greater, the better."""
        width = len(self.header)
        fitting = sum(width == len(row) for row in sample)
        return width > 1 and fitting >= _CONSISTENT * len(sample), width


def _check_width(rows: Rows) -> None:
    for line, cells in rows.wide:
        if cells > MAX_COLUMNS:
            raise InvalidInput(
                f"the row on line {line} has {cells:,} cells; a row has at most {MAX_COLUMNS:,}. "
                "Is a line end missing there?"
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
        if not is_blank(cells[0]):
            if not skipped:
                return cells[0]
            skipped -= 1
