"""From the places of cells to tensors, by numpy: what `chunks.ChunkReader` makes of the same rows, sooner.

Rows in which there is anything to say, or to decide, are read by it, one like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from functions.core.schema.columns import concatenate
from functions.core.schema.rows import MISSING_CATEGORY, FieldReader, Value
from functions.core.schema.tables.cells import absent_words
from functions.core.schema.tables.chunks import MAX_REMEMBERED, Chunk, ChunkReader
from functions.core.schema.tables.plain_columns import NumberColumn, WordColumn, derive
from functions.core.schema.tables.typed_cells import TypedCells
from functions.core.schema.text.row_shape import Rows
from functions.core.schema.text.spans import Cells, Indices, Mask

T = TypeVar("T")
Array = npt.NDArray[Any]


class Part(Protocol):
    """Rows of a file whose cells were found already.

    lines: where each row stands in the file. is_odd: the rows of which `cells` may say anything.
    """

    @property
    def lines(self) -> Indices: ...

    @property
    def is_odd(self) -> Mask: ...

    def cells(self, column: int, /) -> Cells | TypedCells:
        """The cells of a column of the header."""
        ...

    def read_rows(self, indices: Iterable[int], /) -> Rows:
        """Some of the rows, as texts."""
        ...


class PlainReader:
    """Reads the rows of one file, as `reader` does."""

    def __init__(self, reader: ChunkReader) -> None:
        self._reader = reader
        placed = reader.placement.fields
        self._numbers: dict[str, NumberColumn] = {}
        self._words: dict[str, WordColumn] = {}
        for feature in reader.readers:
            name = feature.field.name
            column = reader.own.get(name)
            if column is None:
                continue
            if feature.field.type in ("number", "integer"):
                absent = absent_words(feature, reader.schema.missing)
                plainly = not reader.marks.get(name)
                self._numbers[name] = NumberColumn(column, feature.field, absent, plainly=plainly)
            else:
                self._words[name] = WordColumn(column)
        self._sources = {
            name: [
                *zip(
                    (
                        derived
                        for derived in reader.schema.derived
                        if derived.name == name and derived.source in placed
                    ),
                    columns,
                    strict=True,
                )
            ]
            for name, columns in reader.derived.items()
        }
        self._outcomes = None if reader.outcomes is None else WordColumn(reader.outcomes)
        self._flags = None if reader.flags is None else WordColumn(reader.flags)

    def read(self, part: Part) -> Chunk:
        """The rows as a chunk, those left out among them."""
        reader = self._reader
        for column in reader.columns:
            column.forget(MAX_REMEMBERED // len(reader.columns))
        bad = part.is_odd.copy()
        tensors = {feature.field.name: self._tensor(feature, part, bad) for feature in reader.readers}
        outcomes = _coded(self._outcomes, part, bad)
        flags = _coded(self._flags, part, bad)
        keys = None if reader.keys is None else np.array(self._texts(part), dtype=np.object_)
        good = np.flatnonzero(~bad) if bad.any() else None

        def taken(values: Array) -> Array:
            return values if good is None else values[good]

        lines = taken(part.lines).tolist()
        chunk = Chunk(
            columns={name: taken(tensor)[:, None] for name, tensor in tensors.items()},
            outcomes=[] if outcomes is None else taken(outcomes).tolist(),
            representative=[1] * len(lines) if flags is None else taken(flags).tolist(),
            labelled_by=[""] * len(lines) if keys is None else taken(keys).tolist(),
            lines=lines,
            bad=[],
        )
        if good is None:
            return chunk
        return _merged(chunk, reader.read(part.read_rows(np.flatnonzero(bad).tolist())))

    def _texts(self, part: Part) -> list[str]:
        column = self._reader.keys
        return [] if column is None else [text.strip() for text in part.cells(column.index).texts()]

    def _tensor(self, feature: FieldReader, part: Part, bad: Mask) -> Array:
        """The values of a feature, [N]; bad rows are added to `bad`, and have any value."""
        name = feature.field.name
        if name in self._sources:
            return self._derived(feature, part, bad)
        if name in self._numbers:
            numbers = self._numbers[name]
            values, unread = numbers.read(part.cells(numbers.column.index))
            bad |= unread
            # Of a bad row, it may be more than float32 holds.
            return np.where(unread, np.nan, values).astype(np.float32)
        dtype: npt.DTypeLike = np.object_ if feature.field.words is not None else np.float32
        if name in self._words:
            words = self._words[name]
            coded = words.read(part.cells(words.column.index))
            bad |= coded.bad
            return coded.array(dtype)
        return np.full(len(bad), feature.missing, dtype=dtype)

    def _derived(self, feature: FieldReader, part: Part, bad: Mask) -> Array:
        """The values of a feature from its own column, and where that has none, from those it is derived
        from.
        """
        reader, name = self._reader, feature.field.name
        values: list[Value] = [MISSING_CATEGORY] * len(bad)
        if name in self._words:
            words = self._words[name]
            coded = words.read(part.cells(words.column.index))
            bad |= coded.bad
            values = coded.array(np.object_).tolist()
        for derived, column in self._sources[name]:
            longest = reader.schema.sources[derived.source].max_length
            categories, unread = derive(column, derived, longest, part.cells(column.index))
            bad |= unread
            values = [value or category for value, category in zip(values, categories, strict=True)]
        array = np.array(values, dtype=np.object_)
        if feature.field.required:
            bad |= array == MISSING_CATEGORY
        return array


def _coded(column: WordColumn | None, part: Part, bad: Mask) -> Array | None:
    """The whole numbers of a column, [N]; bad rows are added to `bad`."""
    if column is None:
        return None
    coded = column.read(part.cells(column.column.index))
    bad |= coded.bad
    return coded.array(np.int64)


def _merged(chunk: Chunk, other: Chunk) -> Chunk:
    """The good rows of both in the order of the file, and the bad ones of the other."""
    other.bad.sort(key=lambda row: row.line)
    if not other.lines:
        merged = chunk
    else:
        lines = [*chunk.lines, *other.lines]
        order = np.argsort(lines, kind="stable")
        rows = order.tolist()
        joined = concatenate([chunk.columns, other.columns])
        merged = Chunk(
            columns={name: column[order] for name, column in joined.items()},
            outcomes=_ordered(chunk.outcomes, other.outcomes, rows),
            representative=_ordered(chunk.representative, other.representative, rows),
            labelled_by=_ordered(chunk.labelled_by, other.labelled_by, rows),
            lines=[lines[row] for row in rows],
            bad=[],
        )
    return replace(
        merged, bad=other.bad, unknown=other.unknown, lost=other.lost, lost_outcomes=other.lost_outcomes
    )


def _ordered(first: list[T], second: list[T], order: Sequence[int]) -> list[T]:
    """The values of both, in that order; empty where there are none, as without labels."""
    values = [*first, *second]
    return [values[row] for row in order] if values else values
