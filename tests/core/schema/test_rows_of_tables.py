"""A row of a table is read as it is when it is sent alone."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.schema.rows import RowReader
from tests.support.reading import SCHEMA, TITANIC, read


def test_the_whole_titanic_is_read_as_its_rows_are_one_by_one() -> None:
    found = read(TITANIC.read_bytes())
    assert (len(found.rows), sum(found.outcomes), found.bad) == (1309, 500, [])
    assert found.report.passed_over == ("ticket", "cabin", "boat", "body", "home.dest")
    assert found.report.notes == ()
    with TITANIC.open(newline="") as file:
        cells = [*csv.DictReader(file)]
    numbers = {"pclass", "age", "sibsp", "parch", "fare"}
    reader = RowReader(SCHEMA)
    for row, values in zip(found.rows, cells, strict=True):
        given = {
            name: float(cell) if name in numbers else cell
            for name, cell in values.items()
            if cell and name != "survived"
        }
        expected, faults = reader.read(given, extras=True)
        assert not faults
        for value, wanted in zip(row.values(), expected, strict=True):
            assert value == (None if wanted != wanted or wanted == "" else pytest.approx(wanted))


NUMBERS = ("pclass", "age", "sibsp", "parch", "fare")
CELLS = {
    "pclass": ["1", "2", "3", "3.0", "", "4", "1.5", "x"],
    "sex": ["male", "female", "", "Male", "f"],
    "age": ["29", "0.92", "", "-0", "120", "120.00001", "-1", "NA", "1e1", "2_9", "nan", "1e400"],
    "sibsp": ["0", "1.0", "20", "", "21", "0.5", "+3"],
    "parch": ["0", "2", "", ".", "\u0663"],
    "fare": ["7.25", "1000000", "1000000.01", "", "-0.0", "inf", "1e-50"],
    "embarked": ["S", "C", "q", "", "X", "?", "Cherbourg"],
    "title": ["Mr", "Mrs", "", "mlle", "Dr", "King"],
    "name": ["", "Braund, Mr. Owen", "Dodge, Dr. W", "A" * 200, "A" * 201],
}


@given(
    st.lists(
        st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()}),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 3),
)
def test_a_row_of_a_table_is_the_one_that_is_read_by_itself(
    rows: list[dict[str, str]], chunk_rows: int
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*CELLS])
    writer.writeheader()
    writer.writerows(rows)
    found = read(text.getvalue(), labelled=False, chunk_rows=chunk_rows)
    expected = [values for row in rows if any(row.values()) if (values := in_json(row)) is not None]
    assert [[*row.values()] for row in found.rows] == expected


def in_json(row: dict[str, str]) -> list[object] | None:
    """What the graph is given of a row whose cells are sent as JSON; None when it has a fault."""
    given: dict[str, object] = {}
    for name, cell in row.items():
        if cell.casefold() in SCHEMA.missing:
            continue
        is_number = name in NUMBERS and "_" not in cell and cell.isascii()
        try:
            given[name] = float(cell) if is_number else cell
        except ValueError:
            return None
    values, faults = RowReader(SCHEMA).read(given)
    shown = [np.float32(value).item() if isinstance(value, float) else value for value in values]
    return None if faults else [None if value != value or value == "" else value for value in shown]
