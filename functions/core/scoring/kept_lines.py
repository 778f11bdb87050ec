"""The columns that came in, as they go out again: lines of CSV, in which no cell is a formula."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from functions.core.base.formulas import escape_formula
from functions.core.schema.text.row_shape import Rows
from functions.core.schema.text.spans import Bytes, Mask, Spans

# A sign at the beginning of a cell that is no number, nor the sign alone.
_SIGNED = re.compile(r"[,\n][+-](?!(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)?[,\n])")
# A cell begins as a formula: any cell, and one in quotes besides.
_BEGIN, _BEGIN_IN_QUOTES = "=@\t", "+-\r\n"
# Of more rows that have to be written anew, it is faster to write all of them at once.
_FEW = 0.1


@dataclass(frozen=True, slots=True)
class Kept:
    """Each row as a line of CSV, without its end, in the order of the table; and the line of the file on
    which it begins, from 1."""

    lines: Sequence[int]
    texts: Sequence[str]


def kept_of_rows(rows: Rows, width: int) -> Kept:
    """The rows of cells as lines. width: of the header."""
    texts = _write(rows.cells)
    if not rows.wide:
        return Kept(rows.lines, texts)
    # What stands in a row that is too wide belongs to no column.
    nothing = "," * (width - 1)
    numbered = [*zip(rows.lines, texts, strict=True), *((line, nothing) for line, _ in rows.wide)]
    return _sorted(numbered)


def kept_of_spans(spans: Spans) -> Kept:
    """The rows of a text as lines: those that are written as `csv` would are taken as they are."""
    text = spans.text.replace("\r\n", "\n") if spans.has_returns else spans.text
    firsts = spans.content[spans.marks[:-1] + 1]
    anew = np.flatnonzero(_may_change(spans, firsts))
    every = range(len(spans.lines))
    if spans.separator != "," or len(anew) > _FEW * len(every) or _may_begin_formula(spans, firsts, text):
        return kept_of_rows(spans.read_rows(every), spans.width)
    if not len(anew):
        texts = text.split("\n")
        return Kept(spans.lines.tolist(), texts[: len(every)])
    starts, lines = [0, *spans.ends.tolist()], spans.lines.tolist()
    as_it_is = np.setdiff1d(np.arange(len(every)), anew).tolist()
    unchanged = [
        (lines[row], spans.raw[starts[row] : starts[row + 1]].decode().rstrip("\r\n")) for row in as_it_is
    ]
    written = kept_of_rows(spans.read_rows(anew.tolist()), spans.width)
    return _sorted([*unchanged, *zip(written.lines, written.texts, strict=True)])


def _sorted(lines: list[tuple[int, str]]) -> Kept:
    lines.sort(key=itemgetter(0))
    return Kept([line for line, _ in lines], [text for _, text in lines])


def _may_begin_formula(spans: Spans, firsts: Bytes, text: str) -> bool:
    """Whether a cell may begin as a formula does. firsts: the first byte of each cell."""
    if np.isin(firsts, _bytes(_BEGIN)).any():
        return True
    if spans.quotes is not None:
        within = spans.content[spans.marks[:-1][firsts == ord('"')] + 2]
        if np.isin(within, _bytes(_BEGIN + _BEGIN_IN_QUOTES)).any():
            return True
    return bool(np.isin(firsts, _bytes("+-")).any()) and bool(_SIGNED.search(f"\n{text}\n"))


def _bytes(characters: str) -> Bytes:
    return np.frombuffer(characters.encode(), np.uint8)


def _may_change(spans: Spans, firsts: Bytes) -> Mask:
    """The rows that `csv` would write otherwise than they are: spaces before a cell, quotes without need.

    firsts: the first byte of each cell.
    """
    marks, content = spans.marks, spans.content
    is_changed = firsts == ord(" ")
    if spans.quotes is not None:
        quoted = np.flatnonzero(spans.quotes[1:] == 2)
        separators = np.flatnonzero(content == ord(spans.separator))
        inside = np.searchsorted(separators, marks[quoted + 1]) - np.searchsorted(
            separators, marks[quoted] + 1
        )
        is_changed[quoted[inside == 0]] = True
    may_change = spans.is_odd.copy()
    cells = np.flatnonzero(is_changed)
    may_change[np.searchsorted(spans.rows, cells, side="right") - 1] = True
    if spans.width == 1:
        # Alone in its row, `csv` writes an empty cell as two quotes.
        may_change[:] = True
    return may_change


class _Lines(list[str]):
    """What a `csv.writer` writes, line by line."""

    write = list.append


def _write(cells: list[list[str]]) -> list[str]:
    lines = _as_lines(cells)
    if _may_have_formula("\n".join(lines)):
        lines = _as_lines([[*map(escape_formula, row)] for row in cells])
    return lines


def _as_lines(cells: Iterable[Sequence[str]]) -> list[str]:
    lines = _Lines()
    # Only cells that have a character of the line end are quoted.
    csv.writer(lines, lineterminator="\r\n").writerows(cells)
    return [line[:-2] for line in lines]


def _may_have_formula(text: str) -> bool:
    """Whether a cell of lines of CSV may begin as a formula does. It may say yes for nothing, never no.

    To look for a single character is much faster than anything else, and most tables have none of these.
    """
    text = f"\n{text}\n"
    if any(sign in text and _begins_cell(text, sign) for sign in _BEGIN):
        return True
    # What has a line end is in quotes.
    if '"' in text and any(f'{before}"{sign}' in text for before in ",\n" for sign in _BEGIN_IN_QUOTES):
        return True
    return any(f"{before}{sign}" in text for before in ",\n" for sign in "+-") and bool(_SIGNED.search(text))


def _begins_cell(text: str, sign: str) -> bool:
    return any(f"{before}{sign}" in text for before in (",", "\n", ',"', '\n"'))
