"""A file to be scored: what it says of itself, and its parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from functions.core.base.errors import InvalidInput
from functions.core.schema.dialect import Dialect
from functions.core.schema.header import ColumnsReport
from functions.core.schema.parquet import Batch, ParquetTable, is_parquet
from functions.core.schema.row_cutting import PART_BYTES, Part, cut_rows
from functions.core.schema.rows import RowReader
from functions.core.schema.table import CHUNK_ROWS
from functions.core.scoring.table_scorer import open_plain, survey_table


@dataclass(frozen=True, slots=True)
class OpenTable:
    """parts: in order, to be gone through once. rows: how many there are, about."""

    dialect: Dialect
    report: ColumnsReport
    rows: int
    parts: Iterator[Part | Batch]


@contextmanager
def open_table(path: Path, reader: RowReader) -> Iterator[OpenTable]:
    """A file of CSV, of CSV in gzip, or of Parquet, whatever its name. All of a text is read once.

    Raises `InvalidInput` for what is no table of the schema, and when the file is another one in the end.
    """
    with path.open("rb") as file:
        before = _identity(path)
        yield _parquet(file, reader) if is_parquet(file) else _text(file, reader)
        if _identity(path) != before:
            raise InvalidInput(f"{path} has changed while it was scored: nothing was kept, so score it again")


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _text(file: BinaryIO, reader: RowReader) -> OpenTable:
    plain = open_plain(file)
    survey = survey_table(plain, reader)
    parts = cut_rows(plain, survey.dialect, size=PART_BYTES)
    return OpenTable(survey.dialect, survey.report, survey.lines, parts)


def _parquet(file: BinaryIO, reader: RowReader) -> OpenTable:
    table = ParquetTable(file, reader, labelled=False, chunk_rows=CHUNK_ROWS)
    dialect = Dialect((*table.header,), ",", "utf-8", "strict", {}, begins=0, line=1)
    return OpenTable(dialect, table.columns_report, table.row_count, table.batches())
