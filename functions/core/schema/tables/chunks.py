"""From rows of cells to tensors, column by column: each cell of a column is read once, wherever it stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from functions.core.schema.columns import Columns, Tensor, to_tensor
from functions.core.schema.rows import MISSING_CATEGORY, FieldReader, RowReader, Unfit, Value
from functions.core.schema.tables.cells import (
    REMEMBERED_LENGTH,
    Column,
    derived_columns,
    read_flag,
    reads_feature,
    reads_outcome,
)
from functions.core.schema.tables.header import Placement
from functions.core.schema.text.row_shape import Rows

MAX_REMEMBERED = 500_000
"""Cells whose values are kept from chunk to chunk, over all columns."""
MAX_UNKNOWN = 50
"""Words that are no category, of a column and in a chunk, which are counted one by one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a row was left out. line: on which it begins, from 1. column: as the header has it, "" for the row
    as a whole.
    """

    line: int
    column: str
    reason: str


@dataclass(slots=True)
class Chunk:
    """The good rows of a part of the table, in the order of the file, and the bad ones.

    columns: tensors [N, 1]. outcomes: 1 for a positive outcome, 0 for a negative one; empty without labels.
    representative: 1 where a row may be measured by, 0 where it can only be learned from. labelled_by: the
    key that a row was labelled with, "" for a row that somebody vouches for. lines: the line of the file on
    which each good row begins, from 1. unknown: by field, the words in it that are none of its categories,
    each with its number of rows. lost, lost_outcomes: the bad rows that are as wide as the header; what could
    not be read of them is missing, and an outcome -1.
    """

    columns: Columns
    outcomes: list[int]
    representative: list[int]
    labelled_by: list[str]
    lines: list[int]
    bad: list[BadRow]
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    lost: Columns = field(default_factory=dict)
    lost_outcomes: list[int] = field(default_factory=list)


class ChunkReader:
    """Reads the rows of one file.

    header: the names of its columns. marks: the decimal mark of each field whose numbers may not be written
    plainly.
    """

    def __init__(
        self,
        rows: RowReader,
        header: Sequence[str],
        placement: Placement,
        marks: Mapping[str, str],
        *,
        labelled: bool,
    ) -> None:
        self._header = header
        self._labelled = labelled
        self._target = placement.target
        self._representative = placement.representative
        self.schema = schema = rows.schema
        self.placement = placement
        self.marks = marks
        self.readers = rows.readers
        self.derived = derived_columns(schema, placement)
        self.own = {
            reader.field.name: Column(
                placement.fields[reader.field.name],
                reads_feature(
                    reader,
                    schema.missing,
                    marks.get(reader.field.name),
                    derivable=reader.field.name in self.derived,
                ),
            )
            for reader in self.readers
            if reader.field.name in placement.fields
        }
        outcome = reads_outcome(schema, marks.get(schema.target.name))
        self.outcomes = None if placement.target is None else Column(placement.target, outcome)
        self.flags = None if placement.representative is None else Column(placement.representative, read_flag)
        self.keys = None if placement.labelled_by is None else Column(placement.labelled_by, str.strip)
        columns: list[Column[Value] | Column[int] | Column[str]] = [*self.own.values()]
        columns += [column for listed in self.derived.values() for column in listed]
        columns += [column for column in (self.outcomes, self.flags, self.keys) if column is not None]
        self.columns = columns

    def read(self, rows: Rows) -> Chunk:
        """The good rows as tensors, and for each bad one its first fault in the order of the columns."""
        for column in self.columns:
            column.read(rows.cells, MAX_REMEMBERED // len(self.columns))
        faults: dict[int, tuple[int, str]] = {}
        for column in self.columns:
            for row, fault in column.faults:
                _note_fault(faults, row, column.index, fault.msg)
        values = {reader.field.name: self._values(reader, len(rows.cells), faults) for reader in self.readers}
        kept = [row for row in range(len(rows.cells)) if row not in faults] if faults else None
        width = len(self._header)
        bad = [BadRow(rows.lines[row], self._header[index], msg) for row, (index, msg) in faults.items()]
        bad += [BadRow(line, "", f"has {cells} cells, the header {width}") for line, cells in rows.wide]
        bad.sort(key=lambda row: row.line)
        lines = _taken(rows.lines, kept)
        columns: dict[str, Tensor] = {}
        for reader in self.readers:
            taken = _taken(values[reader.field.name], kept)
            columns[reader.field.name] = to_tensor(taken, reader.field)
        lost, lost_outcomes = self._lost(values, sorted(faults))
        return Chunk(
            columns=columns,
            outcomes=[] if self.outcomes is None else _taken(self.outcomes.read_values, kept),
            representative=[1] * len(lines) if self.flags is None else _taken(self.flags.read_values, kept),
            labelled_by=[""] * len(lines) if self.keys is None else _taken(self.keys.read_values, kept),
            lines=lines,
            bad=bad,
            unknown=self._unknown(rows.cells),
            lost=lost,
            lost_outcomes=lost_outcomes,
        )

    def _values(self, reader: FieldReader, rows: int, faults: dict[int, tuple[int, str]]) -> list[Value]:
        """The values of a feature: from its own column, and where that has none, from those it is derived
        from.
        """
        name = reader.field.name
        own, sources = self.own.get(name), self.derived.get(name, [])
        columns = sources if own is None else [own, *sources]
        if not columns:
            return [reader.missing] * rows
        first, *others = columns
        values = first.read_values
        for other in others:
            values = [value or derived for value, derived in zip(values, other.read_values, strict=True)]
        # Without a source, the column itself has seen to it.
        if sources and reader.field.required:
            for row, value in enumerate(values):
                if value == MISSING_CATEGORY:
                    _note_fault(faults, row, first.index, "is required")
        return values

    def _lost(self, values: Mapping[str, list[Value]], rows: Sequence[int]) -> tuple[Columns, list[int]]:
        """What is known of the bad rows, and their outcomes."""
        if not rows:
            return {}, []
        columns: dict[str, Tensor] = {}
        for reader in self.readers:
            taken: list[Value | Unfit] = [*_taken(values[reader.field.name], rows)]
            read = [reader.missing if isinstance(value, Unfit) else value for value in taken]
            columns[reader.field.name] = to_tensor(read, reader.field)
        outcomes: list[int | Unfit] = [-1] * len(rows)
        if self.outcomes is not None:
            outcomes = [*_taken(self.outcomes.read_values, rows)]
        return columns, [-1 if isinstance(outcome, Unfit) else outcome for outcome in outcomes]

    def _unknown(self, cells: Sequence[Sequence[str]]) -> dict[str, Counter[str]]:
        unknown = {}
        for reader in self.readers:
            column = self.own.get(reader.field.name)
            if reader.field.type == "string" and column is not None:
                words = Counter(
                    cells[row][column.index].strip()[:REMEMBERED_LENGTH]
                    for row, fault in column.faults
                    if fault.type == "enum"
                )
                if words:
                    unknown[reader.field.name] = Counter(dict(words.most_common(MAX_UNKNOWN)))
        return unknown


def _note_fault(faults: dict[int, tuple[int, str]], row: int, index: int, msg: str) -> None:
    if row not in faults or index < faults[row][0]:
        faults[row] = (index, msg)


def _taken(values: list[T], rows: Sequence[int] | None) -> list[T]:
    """The values of those rows; all of them where `rows` is None."""
    return values if rows is None else [values[row] for row in rows]
