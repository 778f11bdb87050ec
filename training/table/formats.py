"""Tables of any format, in one file or in several."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from functions.core.base.errors import InvalidInput
from functions.core.schema.inference.inferred import Inferred, infer_from, infer_schema, survey_file
from functions.core.schema.rows import RowReader
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.parquet import ParquetFile, ParquetTable, is_parquet
from functions.core.schema.tables.table import CHUNK_ROWS, open_table
from training.table.source import Source


class AnyTable(Protocol):
    """The rows of a file, chunk by chunk."""

    @property
    def columns_report(self) -> ColumnsReport: ...

    def __iter__(self) -> Iterator[Chunk]: ...


@dataclass(frozen=True, slots=True)
class Several:
    """Files that are one table, in this order, by name."""

    files: Mapping[str, Source]

    def open(self, _mode: Literal["rb"], /) -> AbstractContextManager[BinaryIO]:
        """Several files are no one stream: see `files_of`."""
        raise InvalidInput(f"one file is needed here, not {len(self.files)}")


def files_of(source: Source) -> Mapping[str, Source]:
    """The files that a source is, by name; of a single one, the name is ""."""
    return source.files if isinstance(source, Several) else {"": source}


def open_any_table(stream: BinaryIO, reader: RowReader) -> AnyTable:
    """A table with labels, in text or in Parquet. Raises `InvalidInput` where the file cannot be read."""
    if is_parquet(stream):
        return ParquetTable(stream, reader, labelled=True, chunk_rows=CHUNK_ROWS)
    return open_table(stream, reader, labelled=True)


def infer_any(source: Source, *, target: str | None, positive: str | None = None, name: str) -> Inferred:
    """The schema of a table, of several files that of the first one. positive: as of `infer_schema`. Raises
    `InvalidInput`."""
    files = files_of(source)
    first = next(iter(files))
    with files[first].open("rb") as stream:
        if is_parquet(stream):
            surveyed = survey_file(ParquetFile(stream))
            inferred = infer_from(surveyed, target=target, positive=positive, name=name)
        else:
            inferred = infer_schema(stream, target=target, positive=positive, name=name)
    if len(files) == 1:
        return inferred
    return Inferred(
        inferred.document, (*inferred.notes, f"the schema was inferred from the file {first} alone")
    )
