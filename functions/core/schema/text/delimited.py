"""From the lines of a text to rows of cells: separator, header, and rows that are not as wide as it."""

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from functions.core.base.errors import InvalidInput
from functions.core.base.formulas import unescape_formula
from functions.core.schema.schema import fold
from functions.core.schema.text.file_format import Meter, TextFile
from functions.core.schema.text.row_parser import MAX_CHUNK, NotCsv, RowParser, parse_all
from functions.core.schema.text.row_shape import Rows, fit_rows, has_row_names, is_blank

SEPARATORS = ",;\t|"
MAX_COLUMNS = 10_000
# So many texts in a row that nothing could be made of but rows, and no other is looked at.
_PATIENCE = 8
_SAMPLE_ROWS = 100
_FEW_ROWS = 20
_SAMPLE = 1_000_000
_CONSISTENT = 0.8
_DECLARATION = re.compile(r'\s*"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)

T = TypeVar("T")


class DelimitedFile:
    """A text whose lines are rows. header: the names of its columns, "" for a column without one.

    known: names that are expected in the header, folded. The separator is the one with which most of them are
    found; where that does not decide, the one with which the rows are as wide as the header, and the header
    widest. Raises `InvalidInput`.
    """

    def __init__(self, text: TextFile, known: AbstractSet[str] = frozenset()) -> None:
        self._text = text
        self.notes = [*text.notes]
        declared = _declared_separator(text)
        # A first line of `sep=;` is Excel's word for the separator, and no header.
        self._skipped = int(declared is not None)
        best, sample = self._choose(declared or SEPARATORS, known)
        self.separator = best.separator
        self.header = [unescape_formula(name.strip()) for name in best.header]
        if len(self.header) > MAX_COLUMNS:
            raise InvalidInput(
                f"the header names {len(self.header):,} columns; at most {MAX_COLUMNS:,} are read"
            )
        if has_row_names(self.separator, self.header, sample):
            self.notes.append("the first cell of each row is its number or name, and was passed over")
            self.header.insert(0, "")

    def _choose(
        self, separators: Sequence[str], known: AbstractSet[str]
    ) -> tuple["_Candidate", list[list[str]]]:
        """The separator that fits best, with its header, and the first rows by it."""
        headers = {separator: self._header(separator) for separator in separators}
        candidates = [_Candidate(separator, header) for separator, header in headers.items() if header]
        if not candidates:
            # No separator makes rows of it: the fault of the first one is the one to tell.
            with closing(RowParser(self._text, separators[0])) as parser:
                _first_row(parser, self._skipped)
            raise InvalidInput("the file is empty; it needs a header line and rows")
        most = max(candidate.known(known) for candidate in candidates)
        candidates = [candidate for candidate in candidates if candidate.known(known) == most]
        # Where the names decide, few rows tell whether there is a column without one.
        size = _SAMPLE_ROWS if len(candidates) > 1 or not most else _FEW_ROWS
        samples = {candidate.separator: self._sample(candidate.separator, size) for candidate in candidates}
        best = max(candidates, key=lambda candidate: candidate.fit(samples[candidate.separator]))
        return best, samples[best.separator]

    def _header(self, separator: str) -> list[str] | None:
        with closing(RowParser(self._text, separator)) as parser:
            try:
                return _first_row(parser, self._skipped)
            except NotCsv:
                return None

    def _sample(self, separator: str, size: int) -> list[list[str]]:
        """The first rows below the header; none where they are no CSV."""
        with closing(RowParser(self._text, separator)) as parser:
            _first_row(parser, self._skipped)
            try:
                rows = parser.take(size, _SAMPLE)[0]
            except InvalidInput:
                return []
        return [row for row in rows if not is_blank(row)]

    def header_lines(self) -> int:
        """How many lines there are above the first row: the header's own, and any before it."""
        with closing(RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            return parser.lines

    def rows(self, chunk_rows: int) -> Iterator[Rows]:
        """The rows below the header, in chunks of up to `chunk_rows`, in order.

        A row with fewer cells than the header lacks the last ones. Raises `InvalidInput`, naming the line,
        where the file stops being CSV, or a row has more than `MAX_COLUMNS` cells.
        """
        with closing(RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            while (rows := self._take_rows(parser, chunk_rows)) is not None:
                yield rows

    def parts(
        self, chunk_rows: int, parse_lines: Callable[[str, str, int, int], T | None]
    ) -> Iterator[Rows | T]:
        """The same, but what `parse_lines` makes of a text of up to `chunk_rows` whole lines, where that is
        not None.

        It is called with the text, the separator, how many columns the header has, and the line of the file
        on which the text begins.
        """
        failures = 0
        with closing(RowParser(self._text, self.separator)) as parser:
            _first_row(parser, self._skipped)
            while True:
                if failures < _PATIENCE:
                    text, line = parser.take_text(chunk_rows)
                    part = parse_lines(text, self.separator, len(self.header), line) if text else None
                    if part is not None:
                        failures = 0
                        parser.accept_text()
                        yield part
                        continue
                    failures += 1
                    parser.give_back_text()
                rows = self._take_rows(parser, chunk_rows)
                if rows is None:
                    return
                yield rows

    def _take_rows(self, parser: RowParser, chunk_rows: int) -> Rows | None:
        cells, lines = parser.take(chunk_rows, MAX_CHUNK)
        if not cells:
            return None
        rows = fit_rows(cells, lines, len(self.header))
        check_width(rows)
        return rows


def parse_rows(text: str, line: int, separator: str, width: int) -> Rows:
    """The rows of a part of a file, whole ones, of which the first begins on this line; see
    `DelimitedFile.rows`.

    Raises `InvalidInput` likewise.
    """
    cells, lines = parse_all(text, line, separator)
    rows = fit_rows(cells, lines, width)
    check_width(rows)
    return rows


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


def check_width(rows: Rows) -> None:
    """Raise `InvalidInput` for a row of more than `MAX_COLUMNS` cells."""
    for line, cells in rows.wide:
        if cells > MAX_COLUMNS:
            raise InvalidInput(
                f"the row on line {line} has {cells:,} cells; a row has at most {MAX_COLUMNS:,}. "
                "Is a line end missing there?"
            )


def _declared_separator(text: TextFile) -> str | None:
    with closing(text.lines(Meter())) as lines:
        first = next((line for line in chain.from_iterable(lines) if line.strip()), "")
    match = _DECLARATION.fullmatch(first)
    return match[1] if match else None


def _first_row(parser: RowParser, skipped: int) -> list[str] | None:
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
