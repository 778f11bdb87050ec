<<<<<<< HEAD
"""Tables that are not the Titanic's, as files: one from scikit-learn's wheel, one made."""

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

CHURN = "Customer ID,Tenure Months,Monthly Charges,Contract,Senior,City,Churned"


def breast_cancer(path: Path) -> Path:
    """569 tumours, 30 numbers of each, and whether it is `malignant` or `benign`."""
    found = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in found.feature_names]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "diagnosis"])
        for row, outcome in zip(found.data, found.target, strict=True):
            writer.writerow([*map(repr, row.tolist()), found.target_names[outcome]])
    return path


def churn(path: Path, *, rows: int = 900, seed: int = 0) -> Path:
    """Customers with numbers, words, a yes and no, an identifier, and gaps."""
    path.write_text("\n".join([CHURN, *churn_rows(rows, seed)]) + "\n", encoding="utf-8")
    return path


def churn_rows(rows: int, seed: int = 0) -> list[str]:
    draw = np.random.default_rng(seed)
    tenure = draw.integers(0, 73, rows)
    charges = draw.normal(70, 25, rows).clip(15).round(2)
    contract = draw.choice(["monthly", "one year", "two years"], rows, p=[0.5, 0.3, 0.2])
    senior = draw.random(rows) < 0.2
    city = draw.choice(["Bern", "Biel", "Basel", ""], rows, p=[0.4, 0.3, 0.2, 0.1])
    odds = 1.2 - tenure / 15 + (charges - 70) / 30 + 1.8 * (contract == "monthly") + 0.5 * senior
    churned = draw.random(rows) < 1 / (1 + np.exp(-odds))
    return [
        f"C-{number:05},{months},{'' if number % 17 == 0 else charge},{kind},{'yes' if old else 'no'},{town},"
        f"{'Yes' if gone else 'No'}"
        for number, (months, charge, kind, old, town, gone) in enumerate(
            zip(tenure, charges, contract, senior, city, churned, strict=True)
        )
    ]
=======
"""The schema of the Titanic, and tables read by it."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.core.schema.chunks import BadRow
from functions.core.schema.columns import to_rows
from functions.core.schema.header import ColumnsReport
from functions.core.schema.parsing import parse_schema, read_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.schema.table import open_table

DATA = Path(__file__).parents[2] / "training" / "data"
TITANIC = DATA / "titanic.csv"
SCHEMA = read_schema((DATA / "titanic.schema.json").read_bytes())


@dataclass
class WholeTable:
    """All chunks of a table as one."""

    report: ColumnsReport
    rows: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    representative: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    unknown: list[dict[str, dict[str, int]]] = field(default_factory=list)


def read(
    text: str | bytes, schema: Schema = SCHEMA, *, labelled: bool = True, chunk_rows: int = 10_000
) -> WholeTable:
    """The table in a text (in UTF-8) or in bytes."""
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    table = open_table(stream, schema, labelled=labelled, chunk_rows=chunk_rows)
    whole = WholeTable(table.columns_report)
    for chunk in table:
        whole.rows += to_rows(chunk.columns)
        whole.outcomes += chunk.outcomes
        whole.representative += chunk.representative
        whole.lines += chunk.lines
        whole.bad += chunk.bad
        whole.unknown.append({name: dict(words) for name, words in chunk.unknown.items()})
    return whole


def features(**row: object) -> dict[str, Any]:
    """What the graph is given of a passenger in JSON."""
    values, faults = RowReader(SCHEMA).read(row)
    assert not faults
    shown = (None if value != value or value == "" else value for value in values)
    return dict(zip(SCHEMA.names, shown, strict=True))


def schema_of(**fields: dict[str, Any]) -> Schema:
    """A schema with these fields, and the target `y`."""
    listed = [{"name": name, **field} for name, field in fields.items()]
    return parse_schema({"fields": [*listed, {"name": "y", "type": "boolean"}], "target": {"field": "y"}})
>>>>>>> schema
