"""Tables for tests of training: one that is drawn and has every kind of field, and a real one of many
numbers."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer

from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from training.table.matrix import Labels, Matrix


class TrainingTable(NamedTuple):
    """matrix: float32 [N, F] by the schema; labels: int64 [N]."""

    schema: Schema
    matrix: Matrix
    labels: Labels


def schema_of(*fields: dict[str, Any]) -> Schema:
    """A schema of these fields and a boolean target, `answer`."""
    answer = {"name": "answer", "type": "boolean"}
    return parse_schema({"fields": [*fields, answer], "target": {"field": "answer", "positive": True}})


def field(name: str, type_: str, *, required: bool = False, **constraints: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "constraints": {"required": required, **constraints}}


def loans(rows: int = 400) -> TrainingTable:
    """Every kind of field; `purpose` matters most, and is optional though no row lacks it."""
    schema = schema_of(
        field("income", "number", minimum=0, maximum=1_000_000),
        field("year", "integer", required=True),
        field("rating", "integer", required=True, enum=[1, 2, 5]),
        field("owner", "boolean"),
        field("purpose", "string", enum=["car", "house", "travel", "other"]),
    )
    draw = np.random.default_rng(7)
    income = draw.lognormal(10, 1, rows)
    year = draw.integers(1950, 2000, rows)
    rating = draw.choice([1, 2, 5], rows)
    owner = draw.integers(0, 2, rows)
    purpose = draw.integers(0, 4, rows)
    odds = 0.8 * (np.log(income) - 10) - 0.5 * (rating - 2) + owner + 3 * (purpose == 0) - 2 * (purpose == 2)
    matrix = np.column_stack([income, year, rating, owner, purpose]).astype(np.float32)
    matrix[draw.random(rows) < 0.1, 0] = np.nan
    matrix[draw.random(rows) < 0.1, 3] = np.nan
    return TrainingTable(schema, matrix, (odds + draw.logistic(size=rows) > 0).astype(np.int64))


def tumours() -> TrainingTable:
    """The Wisconsin breast cancer data: 569 rows of 30 numbers."""
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    schema = schema_of(*(field(name, "number", required=True, minimum=0) for name in names))
    return TrainingTable(schema, data.data.astype(np.float32), data.target.astype(np.int64))
