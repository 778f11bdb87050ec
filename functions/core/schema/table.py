"""Reads passengers from CSV as people really save it, chunk by chunk, naming whatever is wrong."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from functions.core.base.errors import InvalidInput
from functions.core.schema.columns import Columns, from_cells, to_columns
from functions.core.schema.passenger import Passenger

CHUNK_ROWS = 10_000
REQUIRED = ("pclass", "sex")
LABEL = "survived"
# Whether a labelled row may be measured by, or only be learned from. Without this column all rows may.
REPRESENTATIVE = "representative"

# What spreadsheets, R, pandas and ARFF write into an empty cell.
_EMPTY = frozenset({"", "?", "na", "n/a", "nan", "null", "none"})
# What is 0 or 1, and no feature.
_FLAGS = (LABEL, REPRESENTATIVE)
_NUMBERS = frozenset({"pclass", "age", "sibsp", "parch", "fare", *_FLAGS})
_KNOWN = frozenset({*Passenger.model_fields, *_FLAGS})
# Narrower than `float`, which takes "2_9" for 29.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BREAK = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 100_000
_PASSENGERS = TypeAdapter(list[Passenger])


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a row was left out. `line` is the line of the file on which the row begins, from 1."""

    line: int
    column: str
    reason: str


@dataclass(slots=True)
class Chunk:
    """Up to `CHUNK_ROWS` good rows as tensors [N, 1], with their lines and outcomes; and the bad ones.

    survived, representative: 0 or 1, empty without labels. lines: the line of the file on which each good
    row begins.
    """

    columns: Columns = field(default_factory=lambda: to_columns([]))
    survived: list[int] = field(default_factory=list)
    representative: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_passengers(stream: BinaryIO, *, labelled: bool, chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Passengers of a UTF-8 CSV with a header line, in chunks, in the order of the file.

    Separator `,`, `;` or tab; with the last two a number may have a decimal comma. Columns may come in
    any order and case; columns that are no feature are passed over. With `labelled` the column `survived`
    is needed as well, and `representative` is read, which is 1 for each row where there is no such column.
    Raises `InvalidInput` when the file as a whole cannot be read; a bad row does not.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        yield from _read(text, labelled, chunk_rows)
    finally:
        text.detach()


def _read(text: io.TextIOWrapper, labelled: bool, chunk_rows: int) -> Iterator[Chunk]:
    # The limit keeps a binary file, or one that is a single endless line, from filling the memory.
    header_line, first_line = text.readline(_LONGEST_LINE), 1
    while header_line and not header_line.strip():
        header_line, first_line = text.readline(_LONGEST_LINE), first_line + 1
    if not header_line:
        raise InvalidInput("the file is empty; it needs a header line and rows")
    headers = {separator: next(csv.reader([header_line], delimiter=separator)) for separator in ",;\t"}
    # The separator is the one with which the most columns of a passenger are found.
    separator = max(headers, key=lambda one: sum(cell.strip().lower() in _KNOWN for cell in headers[one]))
    header = headers[separator]
    columns = _columns(header, labelled)

    # Strict: a quote that is never closed would swallow the rest of the file without a word.
    reader = csv.reader(text, delimiter=separator, strict=True)
    while True:
        begins = first_line + 1 + reader.line_num
        table: list[list[str]] = []
        try:
            table.extend(islice(reader, chunk_rows))
        except csv.Error as error:
            *_, line = _line_numbers([*table, []], begins)
            raise InvalidInput(f"the file stops being CSV at line {line}: {error}") from error
        if not table:
            return
        lines = first_line + 1 + reader.line_num - begins
        numbers = range(begins, begins + lines) if lines == len(table) else _line_numbers(table, begins)
        rows = _Rows(columns, labelled, decimal_comma=separator != ",")
        rows.add(table, numbers, len(header))
        if rows.cells or rows.bad:
            yield rows.validated()


def _line_numbers(table: list[list[str]], begins: int) -> Iterator[int]:
    """On which line of the file each row begins: a quoted cell may hold line breaks."""
    for cells in table:
        yield begins
        begins += 1 + sum(len(_BREAK.findall(cell)) for cell in cells)


def _columns(header: list[str], labelled: bool) -> dict[int, str]:
    """Where each column that is used stands. Raises `InvalidInput` for one that is missing or there twice."""
    used = {*Passenger.model_fields, *(_FLAGS if labelled else ())}
    columns: dict[int, str] = {}
    for at, name in enumerate(cell.strip().lower() for cell in header):
        if name in used:
            if name in columns.values():
                raise InvalidInput(f"the column {name} stands twice in the header")
            columns[at] = name
    missing = [name for name in (*REQUIRED, *([LABEL] if labelled else [])) if name not in columns.values()]
    if missing:
        raise InvalidInput(
            f"the header has no column {' and no column '.join(missing)}; "
            "columns are separated by a comma, a semicolon or a tab"
        )
    return columns


class _Rows:
    """Rows of text on their way to a chunk. `columns` says which cell is which field."""

    def __init__(self, columns: dict[int, str], labelled: bool, *, decimal_comma: bool) -> None:
        self._columns = columns
        self._labelled = labelled
        self._decimal_comma = decimal_comma
        self.lines: list[int] = []
        self.cells: list[list[str]] = []
        self.bad: list[BadRow] = []

    def add(self, table: list[list[str]], numbers: Iterable[int], width: int) -> None:
        """Take the rows of `table` that have `width` cells; of the others, all but empty ones are bad."""
        if set(map(len, table)) == {width}:
            self.lines, self.cells = list(numbers), table
            return
        for line, cells in zip(numbers, table, strict=True):
            if len(cells) == width or (len(cells) > width and not any(cells[width:])):
                self.lines.append(line)
                self.cells.append(cells)
            # Spreadsheets write rows of nothing but separators below a table.
            elif any(cell.strip() for cell in cells):
                self.bad.append(BadRow(line, "", f"has {len(cells)} cells, the header {width}"))

    def validated(self) -> Chunk:
        return self._at_once() or self._one_by_one()

    def _at_once(self) -> Chunk | None:
        """All rows column by column, if every cell is plainly valid."""
        if not self.cells:
            return None
        cells = {name: [row[at] for row in self.cells] for at, name in self._columns.items()}
        flags = [[*map(str.strip, cells.pop(name, []))] for name in _FLAGS]
        columns = from_cells(cells, decimal_comma=self._decimal_comma)
        if columns is None or not {"0", "1"}.issuperset(chain.from_iterable(flags)):
            return None
        survived, representative = ([*map(int, flag)] for flag in flags)
        return Chunk(columns, survived, representative or [1] * len(survived), self.lines, self.bad)

    def _one_by_one(self) -> Chunk:
        """The good rows, and a reason for each bad one."""
        rows = []
        flags: dict[int, list[int]] = {}
        for line, cells in zip(self.lines, self.cells, strict=True):
            row = {name: self._cell(name, cells[at]) for at, name in self._columns.items()}
            if not any(cell.strip() for cell in cells):
                continue
            if not self._labelled or self._take_flags(line, row, flags):
                rows.append((line, row))
        passengers = self._passengers(rows)
        bad = {row.line for row in self.bad}
        rows = [row for row in rows if row[0] not in bad]
        self.bad.sort(key=lambda row: row.line)
        lines = [line for line, _ in rows]
        kept = [flags[line] for line in lines] if self._labelled else []
        survived, representative = ([flag[at] for flag in kept] for at in range(len(_FLAGS)))
        return Chunk(to_columns(passengers), survived, representative, lines, self.bad)

    def _cell(self, name: str, cell: str) -> Any:
        cell = cell.strip()
        if cell.lower() in _EMPTY:
            return None
        if name not in _NUMBERS:
            return cell
        number = cell.replace(",", ".") if self._decimal_comma else cell
        return float(number) if _NUMBER.fullmatch(number) else cell

    def _take_flags(self, line: int, row: dict[str, Any], flags: dict[int, list[int]]) -> bool:
        """Move the flags of a row from it to `flags`. Whether they are good; if not, the row is a bad one."""
        found = {name: row.pop(name, 1) for name in _FLAGS}
        for name, flag in found.items():
            if flag not in (0, 1):
                self.bad.append(BadRow(line, name, "Input should be 0 or 1"))
                return False
        flags[line] = [*map(int, found.values())]
        return True

    def _passengers(self, rows: list[tuple[int, dict[str, Any]]]) -> list[Passenger]:
        """The good ones of `rows`; why the others are not goes to the bad ones."""
        try:
            return _PASSENGERS.validate_python([row for _, row in rows])
        except ValidationError as failure:
            reasons: dict[int, BadRow] = {}
            for error in failure.errors(include_url=False, include_input=False, include_context=False):
                at, *column = error["loc"]
                line = rows[int(at)][0]
                reasons.setdefault(int(at), BadRow(line, str(column[0]) if column else "", error["msg"]))
        self.bad += reasons.values()
        return _PASSENGERS.validate_python([row for at, (_, row) in enumerate(rows) if at not in reasons])
