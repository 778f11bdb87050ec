"""Columns read from the places of their cells, thousands at once.

What a cell means is decided by its `cells.Column` alone: here each distinct word is asked for once, and only
numbers that nobody could read otherwise are read by themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.schema.rows import MAX_CELL, MISSING_CATEGORY, Unfit, Value
from functions.core.schema.schema import Derived, Field
from functions.core.schema.tables.cells import REMEMBERED_LENGTH, Column
from functions.core.schema.tables.plain_numbers import Floats, read_plain_numbers
from functions.core.schema.tables.typed_cells import TypedCells
from functions.core.schema.target import DIGITS
from functions.core.schema.text.spans import KEY, Cells, Indices, Mask, Words

MAX_WORDS = 4_096
"""Distinct cells of a column that are remembered."""
_FEW = 64
_OF_NUMBERS = b"0123456789.+-eE"


@dataclass(frozen=True, slots=True)
class Coded:
    """Values of a column: that of row n is `values[codes[n]]`; of a bad row, the code is -1."""

    codes: Indices
    values: Sequence[Any]

    @property
    def bad(self) -> Mask:
        return self.codes < 0

    def array(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """The values, [N]; of a bad row, any."""
        return np.array(self.values or [None], dtype=dtype)[self.codes]


class WordColumn:
    """Reads a column of words, of which most stand there many times."""

    def __init__(self, column: Column[Any]) -> None:
        self.column = column
        self._forget()

    def _forget(self) -> None:
        self._values: list[Any] = []
        self._codes = _Codes(self.column, self._values)
        self._keys: Words = np.empty(0, dtype=np.uint64)
        self._key_codes: Indices = np.empty(0, dtype=np.intp)

    def read(self, cells: Cells | TypedCells) -> Coded:
        if max(len(self._keys), len(self._codes)) > MAX_WORDS:
            self._forget()
        if isinstance(cells, TypedCells):
            places, words = cells.coded()
            codes = np.array([*map(self._codes.__getitem__, words)], dtype=np.intp)
            return Coded(codes[places], self._values)
        sizes = cells.sizes
        is_short = sizes <= KEY
        if cells.is_doubled is not None:
            is_short &= ~cells.is_doubled
        if is_short.all():
            return Coded(self._of_keys(cells, None), self._values)
        codes = np.empty(len(sizes), dtype=np.intp)
        short, longer = np.flatnonzero(is_short), np.flatnonzero(~is_short)
        codes[short] = self._of_keys(cells, short)
        codes[longer] = [*map(self._codes.__getitem__, cells.texts(longer))]
        return Coded(codes, self._values)

    def _of_keys(self, cells: Cells, rows: Indices | None) -> Indices:
        keys = cells.keys(slice(None) if rows is None else rows)
        if len(self._keys):
            places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            if (self._keys[places] == keys).all():
                return self._key_codes[places]
        distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        examples = first if rows is None else rows[first]
        codes = np.array([*map(self._codes.__getitem__, cells.texts(examples))], dtype=np.intp)
        every = np.concatenate([self._keys, distinct])
        self._keys, places = np.unique(every, return_index=True)
        self._key_codes = np.concatenate([self._key_codes, codes])[places]
        return codes[inverse]


class _Codes(dict[str, int]):
    """The code of each cell that was asked for: the place of its value among `values`, -1 where it has
    none.
    """

    def __init__(self, column: Column[Any], values: list[Any]) -> None:
        super().__init__()
        self._column, self._values = column, values
        self._of_value: dict[Any, int] = {}

    def __missing__(self, cell: str) -> int:
        value, code = self._column[cell], -1
        if not isinstance(value, Unfit):
            code = self._of_value.setdefault(value, len(self._values))
            if code == len(self._values):
                self._values.append(value)
        if len(cell) <= REMEMBERED_LENGTH:
            self[cell] = code
        return code


class NumberColumn:
    """Reads a column of numbers.

    missing: the words, folded, that stand for a missing value. plainly: whether the numbers are written as
    `float` takes them.
    """

    def __init__(self, column: Column[Value], field: Field, missing: Iterable[str], *, plainly: bool) -> None:
        self.column = column
        self._field = field
        self._plainly = plainly
        self._allowed = np.array(field.categories, dtype=np.float64) if field.categories else None
        # Words for missing values that a number could be taken for.
        self._words = [word for word in missing if _is_number(word)]

    def read(self, cells: Cells | TypedCells) -> tuple[Floats, Mask]:
        """The values, float64 [N], NaN for missing; and the bad rows, bool [N], whose values are any."""
        if isinstance(cells, TypedCells):
            return self._read_typed(cells)
        values, is_read = read_plain_numbers(cells)
        if not self._plainly:
            is_read[:] = False
        elif self._words:
            is_read &= ~self._may_be_missing(cells)
        bad = is_read & ~self._is_allowed(values)
        others = np.flatnonzero(~is_read)
        if len(others):
            values[others], bad[others] = self._read_others(cells, others)
        return values, bad

    def _read_typed(self, cells: TypedCells) -> tuple[Floats, Mask]:
        if cells.numbers is None:
            codes, words = cells.coded()
            read = [*map(self.column.__getitem__, words)]
            bad = np.array([isinstance(value, Unfit) for value in read], dtype=np.bool_)
            numbers = np.array([np.nan if isinstance(value, Unfit) else value for value in read])
            return numbers[codes], bad[codes]
        missing_numbers = [float(word) for word in self._words]
        missing = np.isnan(cells.numbers) | np.isin(cells.numbers, missing_numbers)
        values = np.where(missing, np.nan, cells.numbers)
        is_required = isinstance(self.column[""], Unfit)
        return values, np.where(missing, is_required, ~self._is_allowed(values))

    def _is_allowed(self, values: Floats) -> Mask:
        field = self._field
        allowed: Mask = (values >= field.minimum) & (values <= field.maximum)
        if field.type == "integer":
            with np.errstate(invalid="ignore"):
                allowed &= values % 1 == 0
        if self._allowed is not None:
            allowed &= np.isin(values, self._allowed)
        return allowed

    def _may_be_missing(self, cells: Cells) -> Mask:
        keys, sizes = cells.keys(slice(None)), cells.sizes
        may_be_missing = np.zeros(len(keys), dtype=np.bool_)
        for word in self._words:
            key = np.uint64(int.from_bytes(word.encode()[:KEY], "little"))
            may_be_missing |= (keys == key) & (sizes == len(word))
        return may_be_missing

    def _read_others(self, cells: Cells, rows: Indices) -> tuple[Floats, Mask]:
        values, bad = np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.bool_)
        empty = cells.ends[rows] == cells.starts[rows]
        if empty.any():
            bad[empty] = isinstance(self.column[""], Unfit)
        known = np.flatnonzero(~empty)
        texts = cells.texts(rows[known])
        numbers = self._floats(texts) if self._plainly and len(texts) >= _FEW else None
        if numbers is None:
            read = [*map(self.column.__getitem__, texts)]
            bad[known] = [isinstance(value, Unfit) for value in read]
            values[known] = [np.nan if isinstance(value, Unfit) else value for value in read]
        else:
            values[known], bad[known] = numbers, ~self._is_allowed(numbers)
        return values, bad

    def _floats(self, texts: Sequence[str]) -> Floats | None:
        """What `float` makes of cells; None where one is no number, or may stand for a missing value."""
        joined = "".join(texts)
        if not joined.isascii() or joined.encode().translate(None, _OF_NUMBERS):
            return None
        if max(map(len, texts)) > MAX_CELL:
            return None
        if self._words and not set(self._words).isdisjoint(map(str.casefold, texts)):
            return None
        try:
            return np.array([*map(float, texts)])
        except ValueError:
            return None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return DIGITS.fullmatch(word) is not None


def derive(
    column: Column[Value], derived: Derived, longest: int, cells: Cells | TypedCells
) -> tuple[list[Value], Mask]:
    """The categories that texts of up to `longest` characters stand for; and the bad rows, bool [N]."""
    search, words = derived.pattern.search, _Found(derived)
    values: list[Value] = [
        words[match[1]] if match else MISSING_CATEGORY for match in map(search, cells.texts())
    ]
    # Bytes are at least as many as characters.
    bad = np.zeros(len(values), dtype=np.bool_)
    longer = np.flatnonzero(cells.sizes > longest)
    for row, text in zip(longer.tolist(), cells.texts(longer), strict=True):
        value = column[text]
        bad[row] = isinstance(value, Unfit)
    return values, bad


class _Found(dict[str | None, str]):
    """The category of what a pattern has found, looked for once."""

    def __init__(self, derived: Derived) -> None:
        super().__init__()
        self._derived = derived

    def __missing__(self, group: str | None) -> str:
        self[group] = category = self._derived.word(group) or MISSING_CATEGORY
        return category
