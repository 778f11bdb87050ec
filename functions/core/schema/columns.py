"""Rows as the graph's inputs: one tensor per feature."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.schema.rows import Value
from functions.core.schema.schema import Field, Schema

Tensor = npt.NDArray[np.float32] | npt.NDArray[np.object_]
Columns = Mapping[str, Tensor]
"""A tensor [N, 1] per feature: numbers are float32 with NaN for missing, categories are strings with ""
for missing. None as a string would be scored as an unknown category without a word."""


def to_columns(rows: Sequence[Sequence[Value]], schema: Schema) -> Columns:
    """The tensors of rows, in order. rows: the values of `core.schema.rows.Row`."""
    if len(rows) == 1:
        # What a waiting request has. Made in this way the tensors take a third of the time, which is longer
        # than all else that is done to read a row.
        return {
            field.name: np.array([[value or ""]], dtype=object)
            if field.type == "string"
            else np.array([[value]], dtype=np.float32)
            for field, value in zip(schema.features, rows[0], strict=True)
        }
    return {
        field.name: to_tensor((row[index] for row in rows), field)
        for index, field in enumerate(schema.features)
    }


def to_tensor(values: Iterable[Value | None], field: Field) -> Tensor:
    """The tensor [N, 1] of one feature; None is missing."""
    if field.type == "string":
        return np.array([value or "" for value in values], dtype=object)[:, None]
    # float32 turns None into NaN by itself.
    return np.array([*values], dtype=np.float32)[:, None]


def to_values(columns: Columns) -> dict[str, list[Any]]:
    """The features column by column as plain Python values, for JSON; None for missing."""
    return {
        name: [value if value == value and value != "" else None for value in column.ravel().tolist()]
        for name, column in columns.items()
    }


def from_values(values: Mapping[str, Sequence[Any]], schema: Schema) -> Columns:
    """The tensors that `to_values` made these lists of. Raises `KeyError` for a feature they lack."""
    return {field.name: to_tensor(values[field.name], field) for field in schema.features}


def to_rows(columns: Columns) -> list[dict[str, Any]]:
    """The features of each row by name, as plain Python values; None for missing."""
    values = to_values(columns)
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def rows_of(columns: Columns) -> int:
    """How many rows the tensors are of."""
    return len(next(iter(columns.values())))


def concatenate(parts: Sequence[Columns]) -> Columns:
    """The rows of one or more parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
