"""A file to be scored: what it says of itself, and its parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from functions.core.base.errors import InvalidInput
from functions.core.schema.rows import RowReader
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.parquet import Batch, ParquetTable, is_parquet
from functions.core.schema.tables.table import CHUNK_ROWS
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import PART_BYTES, Part, cut_rows
from functions.core.scoring.table_scorer import open_plain, survey_table
from training.table.source import StoredObject

# An explanation runs the graph some thousand times for each row.
_EXPLAINED_BYTES, _EXPLAINED_ROWS = 1 << 15, 256


@dataclass(frozen=True, slots=True)
class OpenTable:
    """parts: in order, to be gone through once. rows: how many there are, about. file, size: where the parts
    stand as they are, and its bytes; None and 0 where they do not stand anywhere.
    """

    dialect: Dialect
    report: ColumnsReport
    rows: int
    parts: Iterator[Part | Batch]
    file: Path | None = None
    size: int = 0


@contextmanager
def open_table(
    source: Path | StoredObject, reader: RowReader, *, explained: bool = False
) -> Iterator[OpenTable]:
    """A file of CSV, of CSV in gzip, or of Parquet, whatever its name. All of a text is read once. explained:
    its answers will be, which takes time: parts are small.

    Raises `InvalidInput` for what is no table of the schema, and when the file is another one in the end.
    """
    with source.open("rb") as file:
        before = _identity(source)
        if is_parquet(file):
            yield _parquet(file, reader, _EXPLAINED_ROWS if explained else CHUNK_ROWS)
        else:
            yield _text(source, file, reader, _EXPLAINED_BYTES if explained else PART_BYTES)
        if _identity(source) != before:
            raise InvalidInput(
                f"{source} has changed while it was scored: nothing was kept, so score it again"
            )


def _identity(source: Path | StoredObject) -> tuple[int, ...]:
    if isinstance(source, StoredObject):
        # No byte is read of any other object.
        return ()
    status = source.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _text(source: Path | StoredObject, file: BinaryIO, reader: RowReader, size: int) -> OpenTable:
    plain = open_plain(file)
    survey = survey_table(plain, reader)
    parts = cut_rows(plain, survey.dialect, size=size)
    # Of an object in a store, a part was read already by whoever cut it, and costs others a request.
    stands = plain is file and isinstance(source, Path)
    return OpenTable(
        survey.dialect,
        survey.report,
        survey.lines,
        parts,
        file=source.absolute() if stands and isinstance(source, Path) else None,
        size=survey.size,
    )


def _parquet(file: BinaryIO, reader: RowReader, rows: int) -> OpenTable:
    table = ParquetTable(file, reader, labelled=False, chunk_rows=rows)
    return OpenTable(table.dialect, table.columns_report, table.row_count, table.batches())
