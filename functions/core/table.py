"""Reads passengers from CSV as people really save it, chunk by chunk, naming whatever is wrong."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from functions.core.errors import InvalidInput
from functions.core.passenger import Passenger

CHUNK_ROWS = 10_000
REQUIRED = ("pclass", "sex")
LABEL = "survived"

# What spreadsheets, R, pandas and ARFF write into an empty cell.
_EMPTY = frozenset({"", "?", "na", "n/a", "nan", "null", "none"})
_NUMBERS = frozenset({"pclass", "age", "sibsp", "parch", "fare", LABEL})
_KNOWN = frozenset({*Passenger.model_fields, LABEL})
# Narrower than `float`, which takes "2_9" for 29.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
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
    """Up to `CHUNK_ROWS` rows: passengers, their outcome (0 or 1; empty without labels), the bad ones."""

    passengers: list[Passenger] = field(default_factory=list)
    survived: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_passengers(stream: BinaryIO, *, labelled: bool, chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Passengers of a UTF-8 CSV with a header line, in chunks, in the order of the file.

    Separator `,`, `;` or tab; with the last two a number may have a decimal comma. Columns may come in
    any order and case; columns that are no feature are passed over. With `labelled` the column `survived`
    is needed as well. Raises `InvalidInput` when the file as a whole cannot be read; a bad row does not.
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
    chunk, rows = Chunk(), []
    # A quoted cell may hold line breaks: a row begins where the one before it ended.
    line = first_line + 1
    try:
        for cells in reader:
            begins, line = line, first_line + reader.line_num + 1
            # Spreadsheets write rows of nothing but separators below a table.
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(header) or any(cells[len(header) :]):
                chunk.bad.append(BadRow(begins, "", f"has {len(cells)} cells, the header {len(header)}"))
            else:
                rows.append(
                    (begins, {name: _cell(name, cells[at], separator) for at, name in columns.items()})
                )
            if len(rows) + len(chunk.bad) >= chunk_rows:
                yield _validate(rows, chunk, labelled)
                chunk, rows = Chunk(), []
    except csv.Error as error:
        raise InvalidInput(f"the file stops being CSV at line {line}: {error}") from error
    if rows or chunk.bad:
        yield _validate(rows, chunk, labelled)


def _columns(header: list[str], labelled: bool) -> dict[int, str]:
    """Where each column that is used stands. Raises `InvalidInput` for one that is missing or there twice."""
    used = set(Passenger.model_fields) | ({LABEL} if labelled else set())
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


def _cell(name: str, cell: str, separator: str) -> Any:
    cell = cell.strip()
    if cell.lower() in _EMPTY:
        return None
    if name not in _NUMBERS:
        return cell
    number = cell.replace(",", ".") if separator != "," else cell
    return float(number) if _NUMBER.fullmatch(number) else cell


def _validate(rows: list[tuple[int, dict[str, Any]]], chunk: Chunk, labelled: bool) -> Chunk:
    """Fill `chunk` with the good ones of `rows`, its list of bad ones with the rest."""
    if labelled:
        rows = [row for row in rows if _labelled(row, chunk.bad)]
    try:
        chunk.passengers = _PASSENGERS.validate_python([row for _, row in rows])
    except ValidationError as failure:
        reasons: dict[int, BadRow] = {}
        for error in failure.errors(include_url=False, include_input=False, include_context=False):
            at, *column = error["loc"]
            line = rows[int(at)][0]
            reasons.setdefault(int(at), BadRow(line, str(column[0]) if column else "", error["msg"]))
        chunk.bad += reasons.values()
        rows = [row for at, row in enumerate(rows) if at not in reasons]
        chunk.passengers = _PASSENGERS.validate_python([row for _, row in rows])
    chunk.lines = [line for line, _ in rows]
    if labelled:
        chunk.survived = [int(row[LABEL]) for _, row in rows]
    chunk.bad.sort(key=lambda bad: bad.line)
    return chunk


def _labelled(row: tuple[int, dict[str, Any]], bad: list[BadRow]) -> bool:
    line, cells = row
    outcome = cells[LABEL]
    if outcome in (0.0, 1.0):
        return True
    bad.append(BadRow(line, LABEL, "Input should be 0 or 1"))
    return False
