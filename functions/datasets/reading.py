"""What was read of an uploaded file, from the report that the training left: columns, and rows left out."""

import json
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import NotFound
from functions.core.registry.manifest import Columns
from functions.core.storage.view import ModelStore


class LeftOutRow(BaseModel):
    line: int = Field(description="Where the row begins in the file, from 1")
    column: str | None = Field(description="Null where the row as a whole does not fit")
    reason: str


class Reading(BaseModel):
    """rows: the first hundred of those that were left out."""

    valid_rows: int
    rejected_rows: int
    columns: Columns
    notes: list[str]
    rows: list[LeftOutRow]

    @classmethod
    def of(cls, report: dict[str, Any]) -> "Reading | None":
        """None for a report that is damaged, or that says nothing of rows."""
        try:
            return cls.model_validate({**report, "rows": report.get("bad_rows")})
        except ValidationError:
            return None


def read_reading(store: ModelStore, key: str) -> Reading | None:
    """None where there is no report, as of a version that an early release made, or a damaged one."""
    report = read_body(store, key)
    return Reading.of(report) if report else None


def read_body(store: ModelStore, key: str) -> dict[str, Any] | None:
    """A report as it stands; None where there is none, or what is there is none."""
    try:
        report = json.loads(store.get(key).body)
    except (NotFound, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) else None
