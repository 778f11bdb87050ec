"""Passengers as the graph's inputs: one tensor per feature."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
import numpy.typing as npt

from functions.core.schema.passenger import FEATURES, Passenger, title_from_name

Tensor = npt.NDArray[np.float32] | npt.NDArray[np.object_]
Columns = Mapping[str, Tensor]
"""A tensor [N, 1] per feature: numbers are float32 with NaN for missing, categories are strings with ""
for missing. None as a string would be scored as an unknown category without a word."""

_DIGITS = re.compile(r"[0-9.+\-eE]*")


def to_columns(passengers: Sequence[Passenger]) -> Columns:
    """The tensors of `passengers`, in order."""
    return {
        name: _tensor([getattr(one, name) for one in passengers], categories)
        for name, categories in FEATURES.items()
    }


def to_values(columns: Columns) -> dict[str, list[Any]]:
    """The features column by column as plain Python values, for JSON; None for missing."""
    return {
        name: [value if value == value and value != "" else None for value in column.ravel().tolist()]
        for name, column in columns.items()
    }


def from_values(values: Mapping[str, Sequence[Any]]) -> Columns:
    """The tensors that `to_values` made these lists of."""
    return {name: _tensor(values[name], categories) for name, categories in FEATURES.items()}


def to_rows(columns: Columns) -> list[dict[str, Any]]:
    """The features of each row by name, as plain Python values; None for missing."""
    values = to_values(columns)
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def from_cells(cells: Mapping[str, Sequence[str]], *, decimal_comma: bool = False) -> Columns | None:
    """The tensors of a table's text, column by column; None when any cell is not plainly valid.

    cells: for each field of `Passenger` that the table has, its N cells; blank for missing. The result is
    the one that `Passenger` row by row leads to, in a small part of the time. There are no words here for
    what is wrong: whoever gets None validates row by row.
    """
    rows = len(cells["sex"])
    if "name" in cells and max(map(len, map(str.strip, cells["name"])), default=0) > _LONGEST_NAME:
        return None
    columns: dict[str, Tensor] = {}
    for name, categories in FEATURES.items():
        if name == "title":
            found = _titles(cells, rows)
        elif name not in cells:
            found = _tensor([Passenger.model_fields[name].default] * rows, categories)
        elif categories is None:
            found = _numbers(name, cells[name], decimal_comma)
        else:
            found = _categories(name, cells[name], categories)
        if found is None:
            return None
        columns[name] = found
    return columns


def _numbers(name: str, cells: Sequence[str], decimal_comma: bool) -> Tensor | None:
    field = Passenger.model_fields[name]
    missing = math.nan if field.default is None else field.default
    least, most, whole = _RANGES[name]
    # Ages, fares and classes repeat: each text is read once.
    numbers: dict[str, float] = {}
    for cell in set(cells):
        text = cell.strip().replace(",", ".") if decimal_comma else cell.strip()
        # Of digits, signs, points and exponents, `float` takes what a number in CSV may be, and no more.
        if not _DIGITS.fullmatch(text) or (not text and field.is_required()):
            return None
        try:
            number = float(text) if text else missing
        except ValueError:
            return None
        if text and not (least <= number <= most and (not whole or number.is_integer())):
            return None
        numbers[cell] = number
    return np.array([numbers[cell] for cell in cells], dtype=np.float32)[:, None]


def _categories(name: str, cells: Sequence[str], categories: tuple[str, ...]) -> Tensor | None:
    required = Passenger.model_fields[name].is_required()
    known = {word: word for word in (categories if required else ("", *categories))}
    # One string for each category: whoever goes through ten thousand finds them in the processor's cache.
    words = {cell: known.get(cell.strip()) for cell in set(cells)}
    if None in words.values():
        return None
    return np.array([words[cell] for cell in cells], dtype=object)[:, None]


def _titles(cells: Mapping[str, Sequence[str]], rows: int) -> Tensor | None:
    names = cells.get("name")
    found: Sequence[str | None] = [title_from_name(name) for name in names] if names else [None] * rows
    if "title" in cells:
        titles = [*map(str.strip, cells["title"])]
        if not _TITLES.issuperset(titles):
            return None
        found = [title or named for title, named in zip(titles, found, strict=True)]
    return _tensor(found, FEATURES["title"])


def _tensor(values: Sequence[Any], categories: tuple[str, ...] | None) -> Tensor:
    if categories is None:
        # float32 turns None into NaN by itself.
        return np.array(values, dtype=np.float32)[:, None]
    return np.array([value or "" for value in values], dtype=object)[:, None]


def _range(name: str) -> tuple[float, float, bool]:
    """The least and the most that a number may be, and whether it is a whole one: as `Passenger` has it."""
    field = Passenger.model_fields[name]
    if get_origin(field.annotation) is Literal:
        return min(get_args(field.annotation)), max(get_args(field.annotation)), True
    (least,) = (rule.ge for rule in field.metadata if hasattr(rule, "ge"))
    (most,) = (rule.le for rule in field.metadata if hasattr(rule, "le"))
    return least, most, field.annotation is int


_RANGES = {name: _range(name) for name, categories in FEATURES.items() if categories is None}
_LONGEST_NAME = next(rule.max_length for rule in Passenger.model_fields["name"].metadata)
# Other spellings of a title are for `Passenger` to understand.
_TITLES = {"", *(FEATURES["title"] or ())}
