"""The Titanic as the tests' table: its file, its schema, and rows of it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from functions.core.schema.columns import Columns, to_columns, to_rows
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.rows import RowReader, Value

MODEL = "titanic"
DATA = Path(__file__).parents[2] / "training" / "data"
TABLE = DATA / "titanic.csv"
SCHEMA = read_schema((DATA / "titanic.schema.json").read_bytes())
_READER = RowReader(SCHEMA)

Row = dict[str, Any]


def row(**changes: Any) -> Row:
    """The body of a request: a passenger of the third class, with anything else as said; None is missing."""
    return {
        "pclass": 3,
        "sex": "male",
        "age": 22.5,
        "sibsp": 1,
        "parch": 0,
        "fare": 7.25,
        "embarked": "S",
    } | changes


def values(**changes: Any) -> list[Value]:
    """The values of such a row, in the order of the schema."""
    read = _READER.read(row(**changes))
    assert not read.faults, read.faults
    return read.values


def columns_of(rows: Sequence[Row]) -> Columns:
    """The tensors of rows that requests could have as their bodies."""
    return to_columns([_READER.read(one).values for one in rows], SCHEMA)


def people(count: int, *, seed: int = 0, older: float = 0) -> list[tuple[Row, bool]]:
    """Real passengers drawn at random, all of them `older` by some years, and whether they survived."""
    rows = _table()
    drawn = np.random.default_rng(seed).integers(len(rows), size=count).tolist()
    return [(_older(rows[index][0], older), rows[index][1]) for index in drawn]


@lru_cache(maxsize=1)
def _table() -> list[tuple[Row, bool]]:
    from functions.core.schema.tables.table import open_table

    with TABLE.open("rb") as file:
        return [
            (one, outcome == 1)
            for chunk in open_table(file, SCHEMA, labelled=True)
            for one, outcome in zip(to_rows(chunk.columns), chunk.outcomes, strict=True)
        ]


def _older(one: Row, years: float) -> Row:
    age = one["age"]
    return one | {"age": age if age is None else min(age + years, 120)}
