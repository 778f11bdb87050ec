"""Rows of cells, fitted to the header: blank, short and wide ones, and those that begin with a number or
name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from functions.core.schema.schema import fold

_OF_NUMBERS = re.compile(r"(^|[a-z])(id|no|nr|num|number|index|row|key|#)$")
_BREAK = re.compile(r"\r\n|\r|\n")


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


def is_blank(row: Sequence[str]) -> bool:
    return not "".join(row).strip()


def line_numbers(cells: Sequence[Sequence[str]], begins: int) -> Iterator[int]:
    """On which line of the file each row begins: a cell in quotes may hold line breaks."""
    for row in cells:
        yield begins
        begins += 1 + sum(len(_BREAK.findall(cell)) for cell in row)


def fit_rows(cells: list[list[str]], lines: list[int], width: int) -> Rows:
    """The rows as wide as the header, `width` cells. cells is changed.

    Cells that a row lacks are empty, blank ones beyond the header are cut off, blank rows are left out, and a
    row with more cells is one of `wide`.
    """
    if {*map(len, cells)} == {width} and all(map(str.strip, {*map(itemgetter(0), cells)})):
        return Rows(cells, lines, [])
    wide: list[tuple[int, int]] = []
    dropped = set()
    for index, row in enumerate(cells):
        # Asked first of all: of most rows, nothing else is to be asked.
        if len(row) == width and row[0].strip():
            continue
        # Spreadsheets write rows of nothing but separators below a table.
        if is_blank(row):
            dropped.add(index)
        elif is_blank(row[width:]):
            cells[index] = row[:width] + [""] * (width - len(row))
        else:
            wide.append((lines[index], len(row)))
            dropped.add(index)
    if dropped:
        cells = [row for index, row in enumerate(cells) if index not in dropped]
        lines = [line for index, line in enumerate(lines) if index not in dropped]
    return Rows(cells, lines, wide)


def has_row_names(separator: str, header: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
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
