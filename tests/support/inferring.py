"""Small tables, and the schemas that are inferred from them."""

import csv
import io
from typing import Any

from functions.core.schema.inference.inferred import Inferred, infer_schema

ROWS = 60


def infer(
    text: str | bytes, *, target: str | None = None, positive: str | None = None, name: str | None = None
) -> Inferred:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return infer_schema(stream, target=target, positive=positive, name=name)


def table(**columns: list[object]) -> str:
    """A table with these columns, and the target `y`: 0 in two rows of three."""
    rows = len(next(iter(columns.values())))
    columns.setdefault("y", [int(row % 3 == 0) for row in range(rows)])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def cycle(*values: object, rows: int = ROWS) -> list[object]:
    return [values[row % len(values)] for row in range(rows)]


def fields(found: Inferred) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in found.document["fields"]}
