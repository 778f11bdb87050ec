"""Reads the bodies of a batch: rows as JSON, or a table as CSV."""

import io
from collections.abc import Container, Mapping, Sequence
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.http.limits import MAX_BATCH_BYTES
from functions.core.schema.columns import Columns, concatenate
from functions.core.schema.rows import RowReader, Unfit
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.table import Table, open_table
from functions.predict.references import read_cell, reference_column
from functions.predict.rows import MAX_ROWS, BadRows, ColumnsRead, Kept, RowError, Rows, read_rows

ROWS = "rows"
# A table may come in gzip, where a few megabytes stand for as many gigabytes.
MAX_DECOMPRESSED = 4 * MAX_BATCH_BYTES


def read_batch(body: Any, reader: RowReader, *, partial: bool) -> Rows:
    """The rows of `{"rows": [...]}`; in place of `rows`, the word that the schema has for them will do.

    Raises `InvalidInput` for what is no such object, and, without `partial`, `BadRows`.
    """
    words = dict.fromkeys([ROWS, reader.schema.row_name[1]])
    if not isinstance(body, dict) or len(body) != 1 or not words.keys() & body.keys():
        wanted = " or ".join(f'{{"{word}": [...]}}' for word in words)
        raise InvalidInput(f"a batch is an object with one key: {wanted}")
    [rows] = body.values()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidInput("the rows of a batch are a list of objects")
    return read_rows(rows, reader, partial=partial, referenced=True)


def read_csv(
    body: bytes, reader: RowReader, *, partial: bool, keep: Sequence[str] = (), reference: str = ""
) -> Rows:
    """The rows of a table (see `core.schema.tables.table`). keep: names of columns whose cells are to be sent
    back. reference: the name of the column with the caller's own words for each row; without it, that is a
    column `reference`, where the table has one and the schema knows none.

    Raises `InvalidInput` for a file that is no table, and, without `partial`, `BadRows`.
    """
    table = open_table(io.BytesIO(body), reader, labelled=False, max_decompressed=MAX_DECOMPRESSED)
    chunks, lines = _read_chunks(table)
    report = table.columns_report
    column = reference_column(reference, report.used, report.passed_over, reader.schema)
    wanted = [*keep, column] if column else keep
    cells = [cells for _, cells in sorted(table.cells_of(wanted))] if wanted else []
    references, unfit = _references(column, cells)
    kept = Kept([*keep], [row[: len(keep)] for row in cells]) if keep else None
    columns, read = concatenate([chunk.columns for chunk in chunks]), _columns_read(report, column)
    if not unfit and not any(chunk.bad for chunk in chunks):
        return Rows(columns, list(range(1, len(lines) + 1)), table=read, kept=kept, references=references)
    number = {line: place for place, line in enumerate(sorted(lines), start=1)}
    bad = _bad_rows(chunks, number, unfit)
    if not partial:
        raise BadRows(bad, len(lines))
    good = [number[line] for chunk in chunks for line in chunk.lines]
    if unfit:
        columns, good = _leave_out(columns, good, {row.row for row in unfit})
    return Rows(columns, good, bad, read, kept, references)


def _bad_rows(
    chunks: Sequence[Chunk], number: Mapping[int, int], unfit: Sequence[RowError]
) -> list[RowError]:
    """The first fault of each bad row, in their order. number: of the row on each line; unfit: rows whose
    words of the callers' own are none, which counts where nothing else is wrong."""
    faults = {row.row: row for row in unfit}
    for chunk in chunks:
        for row in chunk.bad:
            faults[number[row.line]] = RowError(number[row.line], row.column, row.reason)
    return [faults[row] for row in sorted(faults)]


def _columns_read(report: ColumnsReport, reference: str | None) -> ColumnsRead:
    """What became of the columns, of which one, if it is not None, has the callers' own words for rows."""
    used = [*report.used]
    if reference and reference not in used:
        used.append(reference)
    return ColumnsRead(used, [name for name in report.passed_over if name != reference], report.missing)


def _read_chunks(table: Table) -> tuple[list[Chunk], list[int]]:
    """The rows of a table, and the lines of all of them, bad ones too. Raises `InvalidInput` for none or too
    many."""
    chunks: list[Chunk] = []
    lines: list[int] = []
    for chunk in table:
        chunks.append(chunk)
        lines += [*chunk.lines, *(row.line for row in chunk.bad)]
        # Now: the rest of the table need not be read.
        if len(lines) > MAX_ROWS:
            raise InvalidInput(f"the table has more than the {MAX_ROWS} rows that can be scored at once")
    if not lines:
        raise InvalidInput("the table has a header, but no rows")
    return chunks, lines


def _leave_out(columns: Columns, numbers: list[int], left_out: Container[int]) -> tuple[Columns, list[int]]:
    """The columns and the numbers of rows, without the rows of these numbers."""
    fits = [number not in left_out for number in numbers]
    return (
        {name: values[fits] for name, values in columns.items()},
        [number for number, is_fit in zip(numbers, fits, strict=True) if is_fit],
    )


def _references(
    column: str | None, cells: Sequence[Sequence[str]]
) -> tuple[list[str | None] | None, list[RowError]]:
    """What stands in the last of the cells of each row, and the rows in which that is no reference."""
    if column is None:
        return None, []
    references: list[str | None] = []
    unfit = []
    for number, row in enumerate(cells, start=1):
        try:
            references.append(read_cell(row[-1]))
        except Unfit as error:
            references.append(None)
            unfit.append(RowError(number, column, error.msg))
    return references if any(references) else None, unfit
