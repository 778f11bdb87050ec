"""Reads rows of a schema from a Parquet file, a batch of a row group at a time. Needs pyarrow: group `scale`.

Its values become cells, which mean what they mean in a table of text: there is one validator. A null and NaN
are missing.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import InvalidInput
from functions.core.base.formulas import unescape_formula
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.schema.tables.chunks import Chunk, ChunkReader
from functions.core.schema.tables.header import (
    ColumnsReport,
    Placement,
    listed,
    place_columns,
    report_columns,
)
from functions.core.schema.tables.plain_chunks import PlainReader
from functions.core.schema.tables.typed_cells import TypedCells
from functions.core.schema.text.delimited import MAX_COLUMNS
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_shape import Rows
from functions.core.schema.text.spans import Indices, Mask

HOW_TO_GET = (
    "Parquet is read where pyarrow is installed, which `make scale` does; without it, write the table as "
    "CSV, as DataFrame.to_csv does"
)
MAX_GROUP_BYTES = 2**31
"""Bytes, unpacked, that the columns of a row group may have, as the file says itself."""

_MAGIC = b"PAR1"
_SMALL = 1 << 20
# Whole numbers up to this one, and decimals of so many digits, are float64 without a loss.
_EXACT, _EXACT_DIGITS = 2**53, 15
_MOMENTS = ("date", "time", "duration", "month_day_nano")


def is_parquet(stream: BinaryIO) -> bool:
    """Whether a seekable stream begins as a Parquet file does."""
    stream.seek(0)
    return stream.read(len(_MAGIC)) == _MAGIC


def has_pyarrow() -> bool:
    """Whether Parquet can be read here."""
    try:
        # Imported to see whether it can be: one that is installed and broken cannot.
        import pyarrow as pa  # noqa: F401
    except ImportError:
        return False
    return True


class ParquetFile:
    """A file with a header, as `delimited.DelimitedFile`.

    header: the names of its columns. types: what each holds, in Arrow's words. nested: the columns that hold
    no single values. Raises `InvalidInput` for what is no whole Parquet file.
    """

    separator = ","

    def __init__(self, stream: BinaryIO) -> None:
        if not has_pyarrow():
            raise InvalidInput(f"the file is a Parquet file. {HOW_TO_GET}")
        from pyarrow import parquet

        stream.seek(0)
        with _as_invalid():
            # A stream of pages: a row group is never in memory as a whole.
            self._file = parquet.ParquetFile(stream, buffer_size=_SMALL, pre_buffer=False)
            schema = self._file.schema_arrow
        self.header = [unescape_formula(name.strip()) for name in schema.names]
        self.types = [str(kind) for kind in schema.types]
        self.nested = {index for index, kind in enumerate(schema.types) if not _is_single(kind)}
        self.notes = [
            f"the column {listed([self.header[index]])} is of the type {self.types[index][:60]}, and was "
            "passed over"
            for index in sorted(self.nested)
        ]
        self._names = list(schema.names)
        # pyarrow finds the columns of a batch by their names alone.
        if twice := [name for name, count in Counter(self._names).items() if count > 1]:
            raise InvalidInput(
                f"the column {listed(twice[:1])} stands twice in the header; delete one of them"
            )
        if len(self.header) > MAX_COLUMNS:
            raise InvalidInput(f"the file has {len(self.header):,} columns; at most {MAX_COLUMNS:,} are read")
        self._check_groups()

    @property
    def row_count(self) -> int:
        """Rows, as the file says itself."""
        count: int = self._file.metadata.num_rows
        return count

    def _check_groups(self) -> None:
        for size in self.group_bytes:
            if size > MAX_GROUP_BYTES:
                raise InvalidInput(
                    f"a row group has {size:,} bytes once it is unpacked; at most {MAX_GROUP_BYTES:,} are "
                    "read: write the file with smaller ones (row_group_size=1_000_000)"
                )

    @property
    def group_bytes(self) -> list[int]:
        """Of each row group, how many bytes its columns have once they are unpacked."""
        metadata = self._file.metadata
        return [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]

    def batches(
        self, rows: int, columns: Iterable[int], groups: Container[int] | None = None, *, begins: int = 0
    ) -> Iterator["Batch"]:
        """Up to `rows` rows at a time, of these columns. groups: the row groups by number, from 0; None: all.
        begins: the row, from 0, before which all are passed over.

        Whoever begins where a batch ended gets the same batches that followed it: none has rows of two row
        groups. Raises `InvalidInput` where the file is damaged.
        """
        indices = sorted(set(columns))
        line = 1
        with _as_invalid():
            for number in range(self._file.metadata.num_row_groups):
                size = self._file.metadata.row_group(number).num_rows
                if (groups is not None and number not in groups) or line - 1 + size <= begins:
                    line += size
                    continue
                group = self._file.iter_batches(
                    rows, [number], [self._names[index] for index in indices], use_threads=False
                )
                for batch in group:
                    if line - 1 + len(batch) <= begins:
                        line += len(batch)
                        continue
                    yield Batch(
                        {index: batch.column(self._names[index]) for index in indices},
                        len(self.header),
                        line,
                        len(batch),
                    )
                    line += len(batch)

    def rows(self, chunk_rows: int) -> Iterator[Rows]:
        """All rows as texts; of columns that hold no single values, empty ones."""
        readable = [index for index in range(len(self.header)) if index not in self.nested]
        for batch in self.batches(chunk_rows, readable):
            yield batch.read_rows(range(len(batch.lines)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows. columns: arrays of Arrow by the place of their column. line: the number of the first row."""

    columns: dict[int, Any]
    width: int
    line: int
    size: int

    @property
    def lines(self) -> Indices:
        return np.arange(self.line, self.line + self.size)

    @property
    def ends(self) -> int:
        """How many rows of the file are before the end of it."""
        return self.line - 1 + self.size

    @property
    def is_odd(self) -> Mask:
        return np.zeros(self.size, dtype=np.bool_)

    def cells(self, column: int) -> TypedCells:
        """The cells of a column."""
        return _typed(self.columns[column])

    def read_rows(self, indices: Iterable[int]) -> Rows:
        """Those rows as texts."""
        taken = np.array([*indices], dtype=np.intp)
        columns = [
            _typed(self.columns[index]).texts(taken) if index in self.columns else [""] * len(taken)
            for index in range(self.width)
        ]
        cells = [list(row) for row in zip(*columns, strict=True)]
        return Rows(cells, (taken + self.line).tolist(), [])


class ParquetTable:
    """The rows of a Parquet file, as `table.Table`. A row's line is its number, from 1."""

    def __init__(self, stream: BinaryIO, rows: RowReader, *, labelled: bool, chunk_rows: int) -> None:
        self._rows, self._labelled, self._chunk_rows = rows, labelled, chunk_rows
        self._file = ParquetFile(stream)
        header, schema = self._file.header, rows.schema
        self._placement = place_columns(header, schema, labelled=labelled)
        _check_types(self._file, self._placement, schema)
        self.columns_report: ColumnsReport = report_columns(header, self._placement, schema, self._file.notes)

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self._file.header

    @property
    def row_count(self) -> int:
        """Rows, as the file says itself."""
        return self._file.row_count

    @property
    def dialect(self) -> Dialect:
        """What a `TableScorer` of its batches is made with."""
        return Dialect((*self.header,), ",", "utf-8", "strict", {}, begins=0, line=1)

    def batches(self, *, begins: int = 0) -> Iterator["Batch"]:
        """The rows with all columns that hold single values, from row `begins` on, where another batch ended.
        Raises `InvalidInput` as `__iter__` does.
        """
        readable = set(range(len(self.header))) - self._file.nested
        return self._file.batches(self._chunk_rows, readable, begins=begins)

    @property
    def group_bytes(self) -> list[int]:
        """As of `ParquetFile`."""
        return self._file.group_bytes

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks, in order. Raises `InvalidInput` where the file is damaged."""
        return self.chunks()

    def chunks(self, groups: Container[int] | None = None) -> Iterator[Chunk]:
        """Those of these row groups, by number from 0; None: of all of them."""
        reader = ChunkReader(self._rows, self._file.header, self._placement, {}, labelled=self._labelled)
        plain = PlainReader(reader)
        used = self._placement.indices(self._rows.schema.target.name).values()
        for batch in self._file.batches(self._chunk_rows, used, groups):
            yield plain.read(batch)


def _check_types(file: ParquetFile, placement: Placement, schema: Schema) -> None:
    """Raise `InvalidInput` for a column that is used and holds what no cell of a table is."""
    for index in placement.indices(schema.target.name).values():
        kind = file.types[index]
        column = f"the column {listed([file.header[index]])} is of the type {kind[:60]}"
        if kind.startswith(_MOMENTS):
            raise InvalidInput(
                f"{column}, a date or time; write it as a number of days or hours, say, or leave the column "
                "out"
            )
        if index in file.nested:
            raise InvalidInput(
                f"{column}; a column holds numbers, words, or true and false: write each part as a column of "
                "its own, or leave the column out"
            )


def _is_single(kind: Any) -> bool:
    from pyarrow import types

    value = kind.value_type if types.is_dictionary(kind) else kind
    return not (
        types.is_nested(value) or types.is_duration(value) or types.is_interval(value) or _is_binary(value)
    )


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _typed(array: Any) -> TypedCells:
    """The cells that an array of Arrow is."""
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_dictionary(array.type) and not _is_text(array.type.value_type):
        array = array.cast(array.type.value_type)
    elif types.is_dictionary(array.type) and len(array.dictionary) > len(array):
        # Of a large dictionary, each batch has a few words.
        array = array.cast(array.type.value_type)
    kind = array.type
    if (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)) and _fits_float(array):
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return TypedCells(numbers=numbers.astype(np.float64, copy=False))
    if not types.is_dictionary(kind):
        texts = array if _is_text(kind) else array.cast(pa.string())
        if types.is_decimal(kind):
            texts = compute.replace_substring_regex(texts, r"^([^E.]*)(?:\.0*|(\.[0-9]*[1-9])0*)$", r"\1\2")
        array = compute.dictionary_encode(texts)
    words = [word or "" for word in array.dictionary.to_pylist()]
    codes: npt.NDArray[Any] = compute.fill_null(array.indices, len(words)).to_numpy(zero_copy_only=False)
    return TypedCells(codes=codes.astype(np.intp), words=[*words, ""])


def _fits_float(array: Any) -> bool:
    """Whether float64 holds the numbers: not those of an identifier of 64 bits, nor of a long decimal, which
    go out again as they came in. Decimals are told by their type, so that all of a column are written alike.
    """
    from pyarrow import compute, types

    if types.is_decimal(array.type):
        return int(array.type.precision) <= _EXACT_DIGITS
    if not types.is_integer(array.type) or array.type.bit_width < 64:
        return True
    ends = compute.min_max(array)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return low is None or (low >= -_EXACT and high <= _EXACT)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


@contextmanager
def _as_invalid() -> Iterator[None]:
    """Turn what pyarrow raises of a damaged file into `InvalidInput`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise InvalidInput(
            f"the file begins as Parquet does, and is damaged or cut off ({reason}); "
            "write and upload it again"
        ) from error
