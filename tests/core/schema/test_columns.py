"""Rows as tensors, and back."""

from typing import Any

import numpy as np
import pytest

from functions.core.schema.columns import concatenate, from_values, rows_of, to_columns, to_rows, to_values
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader

SCHEMA = parse_schema(
    {
        "fields": [
            {"name": "age", "type": "number"},
            {"name": "plan", "type": "string", "categories": ["basic", "full"]},
            {"name": "member", "type": "boolean"},
            {"name": "churned", "type": "boolean"},
        ],
        "target": "churned",
    }
)
ROWS: list[dict[str, Any]] = [
    {"age": 0.1, "plan": "full", "member": True},
    {"age": None, "plan": None},
    {"age": 3, "member": False},
]


def test_numbers_are_float32_with_nan_and_words_are_strings_with_nothing() -> None:
    columns = to_columns([RowReader(SCHEMA).read(row).values for row in ROWS], SCHEMA)
    assert {name: (str(tensor.dtype), tensor.shape) for name, tensor in columns.items()} == {
        "age": ("float32", (3, 1)),
        "plan": ("object", (3, 1)),
        "member": ("float32", (3, 1)),
    }
    assert columns["plan"].ravel().tolist() == ["full", "", ""]
    assert np.isnan(columns["age"][1, 0])
    assert rows_of(columns) == 3


def test_a_row_alone_has_the_tensors_that_it_has_among_others() -> None:
    read = [RowReader(SCHEMA).read(row).values for row in ROWS]
    among_others = to_columns(read, SCHEMA)
    for number, row in enumerate(read):
        for name, tensor in to_columns([row], SCHEMA).items():
            expected = among_others[name][number : number + 1]
            assert (tensor.dtype, tensor.shape) == (expected.dtype, expected.shape)
            np.testing.assert_array_equal(tensor, expected)


def test_what_comes_back_is_what_the_graph_was_given() -> None:
    columns = to_columns([RowReader(SCHEMA).read(row).values for row in ROWS], SCHEMA)
    values = to_values(columns)
    assert values == {
        "age": [float(np.float32(0.1)), None, 3.0],
        "plan": ["full", None, None],
        "member": [1.0, None, 0.0],
    }
    again = from_values(values, SCHEMA)
    for name, tensor in columns.items():
        np.testing.assert_array_equal(again[name], tensor)
    assert to_rows(columns)[1] == {"age": None, "plan": None, "member": None}


def test_parts_are_put_one_after_the_other() -> None:
    part = from_values({"age": [1], "plan": ["full"], "member": [0]}, SCHEMA)
    assert concatenate([part]) is part
    assert concatenate([part, part])["plan"].ravel().tolist() == ["full", "full"]


def test_a_feature_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        from_values({"age": [1]}, SCHEMA)
