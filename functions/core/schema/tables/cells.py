"""What a cell of a column is: a feature, a text that one is derived from, an outcome, a flag."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

from functions.core.schema.rows import MISSING_CATEGORY, FieldReader, Unfit, Value, check_source
from functions.core.schema.schema import Derived, Schema
from functions.core.schema.tables.header import Placement
from functions.core.schema.tables.numbers import plain

REMEMBERED_LENGTH = 100
"""A longer cell is read again wherever it stands, so that long texts do not fill the memory."""

T = TypeVar("T")


class Column(dict[str, "T | Unfit"], Generic[T]):
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
        if len(cell) <= REMEMBERED_LENGTH:
            self[cell] = value
        return value

    def forget(self, remembered: int) -> None:
        """Forget all cells if there are more of them than `remembered`."""
        if len(self) > remembered:
            self.clear()

    def read(self, rows: Sequence[Sequence[str]], remembered: int) -> None:
        self.forget(remembered)
        # Where a value is an `Unfit`, it is among the faults, and its row is left out; mypy cannot know.
        self.read_values = [*map(self.__getitem__, map(itemgetter(self.index), rows))]  # type: ignore[list-item]
        self.faults = (
            [(row, value) for row, value in enumerate(self.read_values) if isinstance(value, Unfit)]
            if self._faulty
            else []
        )


def reads_feature(
    reader: FieldReader, missing: frozenset[str], mark: str | None, *, derivable: bool
) -> Callable[[str], Value]:
    absent = absent_words(reader, missing)

    def read(cell: str) -> Value:
        text = cell.strip()
        if text.casefold() in absent:
            return reader.missing if derivable else reader.missing_value()
        return reader.from_text(plain(text, mark) if mark else text)

    return read


def absent_words(reader: FieldReader, missing: frozenset[str]) -> frozenset[str]:
    """The words, folded, that stand for a missing value of a feature."""
    # A word that the schema lists as a category is one, even if it stands for a missing value elsewhere.
    return missing - {word.casefold() for word in reader.field.words or ()}


def derived_columns(schema: Schema, placement: Placement) -> dict[str, list[Column[Value]]]:
    """The columns that each derived feature can be taken from."""
    columns: dict[str, list[Column[Value]]] = {}
    for derived in schema.derived:
        if derived.name in schema.names and derived.source in placement.fields:
            column = Column(placement.fields[derived.source], _reads_source(derived, schema))
            columns.setdefault(derived.name, []).append(column)
    return columns


def _reads_source(derived: Derived, schema: Schema) -> Callable[[str], Value]:
    source = schema.sources[derived.source]

    def read(cell: str) -> Value:
        return derived.category(check_source(source, cell)) or MISSING_CATEGORY

    return read


def reads_outcome(schema: Schema, mark: str | None) -> Callable[[str], int]:
    target = schema.target

    def read(cell: str) -> int:
        code = target.code(plain(cell, mark) if mark else cell)
        if code is None and cell.strip().casefold() in schema.missing:
            raise Unfit(f"has no value, and must be {target.in_words()}", "missing")
        if code is None:
            raise Unfit(f"must be {target.in_words()}", "enum")
        return code

    return read


def read_flag(cell: str) -> int:
    text = cell.strip()
    if text not in ("0", "1", "0.0", "1.0"):
        raise Unfit("must be 0 or 1", "enum")
    return int(text[0])
