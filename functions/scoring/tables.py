"""The file of a job as a table: what is planned by, and its parts from any of them on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from functions.core.schema.rows import RowReader
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.parquet import Batch, ParquetTable
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import Part, count_lines, cut_rows
from functions.core.scoring.kept_lines import kept_of_rows
from functions.core.scoring.table_scorer import survey_table


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a table begins.

    begins: the byte of the plain text, or the row of a Parquet file, from 0. line: the number of its line, or
    row, from 1.
    """

    begins: int
    line: int


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What is known of a table before its rows are scored.

    size: of its text, in bytes, about. lines: below the header.
    """

    dialect: Dialect
    report: ColumnsReport
    size: int
    lines: int


class JobTable(Protocol):
    """A table that is scored part by part."""

    def survey(self) -> Surveyed:
        """Raises `InvalidInput` for what is no table of the schema."""
        ...

    def parts(self, dialect: Dialect, place: Place, /) -> Iterator[tuple[Part | Batch, Place]]:
        """The parts from this place on, where a part begins, each with the place behind it. Raises
        `InvalidInput`."""
        ...


class TextTable:
    """A plain text, in parts of about `size` bytes."""

    def __init__(self, stream: BinaryIO, reader: RowReader, *, size: int) -> None:
        self._stream, self._reader, self._size = stream, reader, size

    def survey(self) -> Surveyed:
        """All of it is read once."""
        survey = survey_table(self._stream, self._reader)
        return Surveyed(survey.dialect, survey.report, survey.size, survey.lines)

    def parts(self, dialect: Dialect, place: Place, /) -> Iterator[tuple[Part | Batch, Place]]:
        for part in cut_rows(self._stream, dialect, begins=place.begins, line=place.line, size=self._size):
            yield part, Place(part.ends, part.line + count_lines(part.body))


class BatchedTable:
    """A Parquet file, in batches of up to `rows` rows of a row group."""

    def __init__(self, stream: BinaryIO, reader: RowReader, *, rows: int) -> None:
        self._table = ParquetTable(stream, reader, labelled=False, chunk_rows=rows)

    def survey(self) -> Surveyed:
        """What the file says of itself, and the first rows, by which the size is guessed."""
        table = self._table
        lines = table.row_count
        first = next(table.batches(), None)
        size = 0
        if first is not None:
            texts = kept_of_rows(first.read_rows(range(first.size)), first.width).texts
            size = lines * (sum(len(text.encode()) + 1 for text in texts) // len(texts) + 1)
        return Surveyed(table.dialect, table.columns_report, size, lines)

    def parts(self, _dialect: Dialect, place: Place, /) -> Iterator[tuple[Part | Batch, Place]]:
        for batch in self._table.batches(begins=place.begins):
            yield batch, Place(batch.ends, batch.ends + 1)
