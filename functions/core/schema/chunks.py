"""From rows of cells to tensors, column by column: each cell of a column is read once, wherever it stands."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Generic, TypeVar

from functions.core.schema.columns import Columns, to_tensor
from functions.core.schema.delimited import Rows
from functions.core.schema.header import Placement
from functions.core.schema.numbers import plain
from functions.core.schema.rows import MISSING_CATEGORY, FieldReader, RowReader, Unfit, Value, check_source
from functions.core.schema.schema import REPRESENTATIVE, Derived, Schema

MAX_REMEMBERED = 500_000
"""Cells whose values are kept from chunk to chunk, over all columns."""
MAX_UNKNOWN = 50
"""Words that are no category, of a column and in a chunk, which are counted one by one."""

# A longer cell is read again wherever it stands, so that long texts do not fill the memory.
_REMEMBERED_LENGTH = 100

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
    representative: 1 where a row may be measured by, 0 where it can only be learned from. lines: the line of
    the file on which each good row begins, from 1. unknown: by field, the words in it that are none of its
    categories, each with its number of rows.
    """

    columns: Columns
    outcomes: list[int]
    representative: list[int]
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
        schema: Schema,
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
        self._readers = RowReader(schema).readers
        self._derived = _derived_columns(schema, placement)
        self._own = {
            reader.field.name: _Column(
                placement.fields[reader.field.name],
                _reads_feature(
                    reader,
                    schema.missing,
                    marks.get(reader.field.name),
                    derivable=reader.field.name in self._derived,
                ),
            )
            for reader in self._readers
            if reader.field.name in placement.fields
        }
        outcome = _reads_outcome(schema, marks.get(schema.target.name))
        self._outcomes = None if placement.target is None else _Column(placement.target, outcome)
        self._flags = (
            None if placement.representative is None else _Column(placement.representative, _read_flag)
        )
        columns: list[_Column[Value] | _Column[int]] = [*self._own.values()]
        columns += [column for listed in self._derived.values() for column in listed]
        columns += [column for column in (self._outcomes, self._flags) if column is not None]
        self._columns = columns

    def read(self, rows: Rows) -> Chunk:
        """The good rows as tensors, and for each bad one its first fault in the order of the columns."""
        for column in self._columns:
            column.read(rows.cells, MAX_REMEMBERED // len(self._columns))
        faults: dict[int, tuple[int, str]] = {}
        for column in self._columns:
            for row, fault in column.faults:
                _note_fault(faults, row, column.index, fault.msg)
        values = {
            reader.field.name: self._values(reader, len(rows.cells), faults) for reader in self._readers
        }
        kept = [row for row in range(len(rows.cells)) if row not in faults] if faults else None
        width = len(self._header)
        bad = [BadRow(rows.lines[row], self._header[index], msg) for row, (index, msg) in faults.items()]
        bad += [BadRow(line, "", f"has {cells} cells, the header {width}") for line, cells in rows.wide]
        bad.sort(key=lambda one: one.line)
        lines = _taken(rows.lines, kept)
        return Chunk(
            columns={
                reader.field.name: to_tensor(_taken(values[reader.field.name], kept), reader.field)
                for reader in self._readers
            },
            outcomes=_taken(self._outcomes.read_values, kept) if self._outcomes is not None else [],
            representative=_taken(self._flags.read_values, kept) if self._flags is not None else [1] * len(lines),
            lines=lines,
            bad=bad,
            unknown=self._unknown(rows.cells),
            **self._lost(values, [*faults]),
        )

    def _values(self, reader: FieldReader, rows: int, faults: dict[int, tuple[int, str]]) -> Sequence[Value]:
        """The values of a feature: from its own column, and where that has none, from those it is derived
        from.
        """
        own = self._own.get(reader.field.name)
        values: Sequence[Value] = own.read_values if own else [reader.missing] * rows
        sources = self._derived.get(reader.field.name, [])
        if sources and own is None:
            values = sources[0].read_values
        for source in sources if own else sources[1:]:
            values = [value or derived for value, derived in zip(values, source.read_values, strict=True)]
        if sources and reader.field.required:
            index = own.index if own else sources[0].index
            for row, value in enumerate(values):
                if value == MISSING_CATEGORY:
                    _note_fault(faults, row, index, "is required")
        return values

    def _lost(self, values: Mapping[str, Sequence[Value]], rows: Sequence[int]) -> dict[str, Any]:
        """What is known of the bad rows."""
        if not rows:
            return {}
        columns = {}
        for reader in self._readers:
            taken = _taken(values[reader.field.name], rows)
            read = [reader.missing if isinstance(value, Unfit) else value for value in taken]
            columns[reader.field.name] = to_tensor(read, reader.field)
        outcomes = _taken(self._outcomes.read_values, rows) if self._outcomes is not None else [-1] * len(rows)
        return {"lost": columns, "lost_outcomes": [-1 if isinstance(one, Unfit) else one for one in outcomes]}

    def _unknown(self, cells: Sequence[Sequence[str]]) -> dict[str, Counter[str]]:
        unknown = {}
        for reader in self._readers:
            column = self._own.get(reader.field.name)
            if reader.field.type == "string" and column:
                words = Counter(
                    cells[row][column.index].strip()[:_REMEMBERED_LENGTH]
                    for row, fault in column.faults
                    if fault.type == "enum"
                )
                if words:
                    unknown[reader.field.name] = Counter(dict(words.most_common(MAX_UNKNOWN)))
        return unknown


class _Column(dict[str, "T | Unfit"], Generic[T]):
    """What each cell of a column is, read when it is first asked for.

    `dict` calls `__missing__` only for what it does not have, so going through a column is the work of C.
    read_values: those of the rows that were read last. faults: which of these rows have none, and why.
    """

    def __init__(self, index: int, read_cell: Callable[[str], T]) -> None:
        super().__init__()
        self.index = index
        self.read_values: list[T] = []
        self.faults: list[tuple[int, Unfit]] = []
        self._read_cell = read_cell
        self._faulty = False

    def __missing__(self, cell: str) -> "T | Unfit":
        value: T | Unfit
        try:
            value = self._read_cell(cell)
        except Unfit as error:
            value = error.with_traceback(None)
            self._faulty = True
        if len(cell) <= _REMEMBERED_LENGTH:
            self[cell] = value
        return value

    def read(self, rows: Sequence[Sequence[str]], remembered: int) -> None:
        if len(self) > remembered:
            self.clear()
        # Where a value is an `Unfit`, it is among the faults, and its row is left out.
        self.read_values = [*map(self.__getitem__, map(itemgetter(self.index), rows))]  # type: ignore[list-item]
        self.faults = (
            [(row, value) for row, value in enumerate(self.read_values) if isinstance(value, Unfit)]
            if self._faulty
            else []
        )


def _reads_feature(
    reader: FieldReader, missing: frozenset[str], mark: str | None, *, derivable: bool
) -> Callable[[str], Value]:
    # A word that the schema lists as a category is one, even if it stands for a missing value elsewhere.
    absent = missing - {word.casefold() for word in reader.field.words or ()}

    def read(cell: str) -> Value:
        text = cell.strip()
        if text.casefold() in absent:
            return reader.missing if derivable else reader.missing_value()
        return reader.from_text(plain(text, mark) if mark else text)

    return read


def _derived_columns(schema: Schema, placement: Placement) -> dict[str, list[_Column[Value]]]:
    """The columns that each derived feature can be taken from."""
    found: dict[str, list[_Column[Value]]] = {}
    for derived in schema.derived:
        if derived.name in schema.names and derived.source in placement.fields:
            column = _Column(placement.fields[derived.source], _reads_source(derived, schema))
            found.setdefault(derived.name, []).append(column)
    return found


def _reads_source(derived: Derived, schema: Schema) -> Callable[[str], Value]:
    source = schema.sources[derived.source]

    def read(cell: str) -> Value:
        return derived.category(check_source(source, cell)) or MISSING_CATEGORY

    return read


def _reads_outcome(schema: Schema, mark: str | None) -> Callable[[str], int]:
    target = schema.target

    def read(cell: str) -> int:
        code = target.code(plain(cell, mark) if mark else cell)
        if code is None:
            raise Unfit(f"must be {target.words}", "enum")
        return code

    return read


def _read_flag(cell: str) -> int:
    text = cell.strip()
    if text not in ("0", "1", "0.0", "1.0"):
        raise Unfit(f"{REPRESENTATIVE} must be 0 or 1", "enum")
    return int(text[0])


def _note_fault(faults: dict[int, tuple[int, str]], row: int, index: int, msg: str) -> None:
    if row not in faults or index < faults[row][0]:
        faults[row] = (index, msg)


def _taken(values: Sequence[T], rows: Sequence[int] | None) -> list[T]:
    """The values of those rows; all of them where `rows` is None."""
    return [*values] if rows is None else [values[row] for row in rows]
