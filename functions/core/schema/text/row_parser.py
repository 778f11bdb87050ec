"""Reads the rows of a text by `csv`, and in between hands out whole lines as they are."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.file_format import Meter, TextFile
from functions.core.schema.text.row_shape import line_numbers

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

MAX_CHUNK = 4_000_000
"""Characters after which a chunk ends, however few rows it has by then: a cell of two takes sixty bytes."""

MAX_TEXT = MAX_CHUNK // 2
"""Characters after which a text of whole lines ends, however few lines it has by then."""


_STEP = 16
# Of rows that are on average longer than this, one is read at a time: sixteen could be four chunks.
_LONG_ROW = 50_000


class NotCsv(InvalidInput):
    """A line at which a file stops being CSV."""


class RowParser:
    """Reads rows from the first line on."""

    def __init__(self, text: TextFile, separator: str) -> None:
        self._meter = Meter()
        self._lines = text.lines(self._meter)
        # What is being read; what was taken as a text, and what of that is to be read again.
        self._block = io.StringIO()
        self._taken: list[str] = []
        self._taken_lines = 0
        self._returned: deque[str] = deque()
        self._lines_of_texts = 0
        # Whether the characters of what was returned are those that the meter has counted.
        self._is_counted = False
        self._reader = csv_reader(chain.from_iterable(self._blocks()), separator)

    def _blocks(self) -> Iterator[Iterable[str]]:
        while (text := self._next_block()) is not None:
            self._block = io.StringIO(text, newline="")
            yield self._block

    def _next_block(self) -> str | None:
        if self._returned:
            return self._returned.popleft()
        block = next(self._lines, None)
        return None if block is None else block.read()

    def take_text(self, lines: int) -> tuple[str, int]:
        """Up to `lines` whole lines behind the last row that was taken, or as many as have `MAX_TEXT`
        characters, "" behind the last one; and the line on which they begin.

        What ends with a carriage return alone is not counted as a line. Either `accept_text` or
        `give_back_text` has to follow.
        """
        self._meter.characters = 0
        block: str | None = self._block.read()
        size = taken_lines = 0
        while block is not None:
            count = block.count("\n")
            if taken_lines + count >= lines:
                # The last piece is what stands behind the line ends that there is room for.
                *_, surplus = block.split("\n", lines - taken_lines)
                self._taken.append(block[: len(block) - len(surplus)])
                self._returned.appendleft(surplus)
                taken_lines = lines
                break
            self._taken.append(block)
            taken_lines += count
            size += len(block)
            block = self._next_block() if size < MAX_TEXT else None
        self._taken_lines = taken_lines
        return "".join(self._taken), self._line()

    def accept_text(self) -> None:
        """Go on behind the text that was taken."""
        self._lines_of_texts += self._taken_lines
        self._taken = []
        # Rows were read, for who counts characters without one. Not into the list: it belongs to who took it.
        self._meter.rows = [[]] * (len(self._meter.rows) + 1)

    def give_back_text(self) -> None:
        """Go on as if no text had been taken."""
        self._returned.extendleft(reversed(self._taken))
        self._taken = []
        self._is_counted = True

    def _line(self) -> int:
        return self._reader.line_num + self._lines_of_texts + 1

    def take(self, rows: int, characters: int) -> tuple[list[list[str]], list[int]]:
        """Up to `rows` rows, or as many as have `characters`; and the line on which each begins."""
        begins, counted = self._line(), self._reader.line_num
        meter = self._meter
        if not self._is_counted:
            meter.characters = 0
        self._is_counted = False
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
        return cells, _lines_of(cells, begins, self._reader.line_num - counted)

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return self._line() - 1

    def close(self) -> None:
        self._lines.close()


def parse_all(text: str, line: int, separator: str) -> tuple[list[list[str]], list[int]]:
    """All rows of a text of whole ones, of which the first begins on this line; and the line of each. Raises
    `NotCsv`.
    """
    reader = csv_reader(io.StringIO(text, newline=""), separator)
    cells: list[list[str]] = []
    try:
        cells.extend(reader)
    except csv.Error as error:
        raise _not_csv(error, cells, line) from error
    return cells, _lines_of(cells, line, reader.line_num)


def csv_reader(lines: Iterable[str], separator: str) -> "CsvReader":
    """What makes rows of lines."""
    # Strict: a quote that is never closed would swallow the rest of the file silently.
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _lines_of(cells: list[list[str]], begins: int, read: int) -> list[int]:
    """The line on which each row begins. read: how many lines the rows have."""
    return [*(range(begins, begins + read) if read == len(cells) else line_numbers(cells, begins))]


def _not_csv(error: csv.Error, cells: list[list[str]], begins: int) -> NotCsv:
    """cells: of the rows before it, of which the first begins on line `begins`."""
    *_, line = line_numbers([*cells, []], begins)
    return NotCsv(f"the file stops being CSV at line {line}: {_explained(error)}")


def _explained(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quote that is opened there is never closed"
    if "field larger" in text:
        return f"a cell has more than {csv.field_size_limit():,} characters; a quote is probably never closed"
    if "expected after" in text:
        return 'text follows a closing quote; a quote within a cell is written twice, ""'
    return text
