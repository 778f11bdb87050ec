"""Reads many passengers at once: JSON or CSV, all of them valid or each bad one named."""

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from functions.core.columns import Columns, to_columns
from functions.core.errors import InvalidInput
from functions.core.passenger import Passenger
from functions.core.table import read_passengers
from functions.predict.answers import RowError

MOST_ROWS = 10_000
# An explanation takes 2,048 rows of the graph for each passenger.
MOST_EXPLAINED = 500


class Batch(BaseModel):
    """Up to 10,000 passengers."""

    model_config = ConfigDict(extra="forbid")

    passengers: list[Passenger] = Field(min_length=1, max_length=MOST_ROWS)


class _Rows(BaseModel):
    model_config = ConfigDict(extra="forbid")

    passengers: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ROWS)


@dataclass(frozen=True, slots=True)
class Rows:
    """The good rows as tensors, and their numbers among the rows that were sent, from 1; and the bad ones."""

    columns: Columns
    numbers: list[int]
    bad: list[RowError] = field(default_factory=list)


_PASSENGER = TypeAdapter(Passenger)


def read_json(body: bytes, *, partial: bool) -> Rows:
    """The passengers of a `Batch`. Raises pydantic's `ValidationError`, which says where; with `partial` a
    bad row does not raise."""
    try:
        passengers = Batch.model_validate_json(body).passengers
    except ValidationError:
        if not partial:
            raise
        return validate_rows(_Rows.model_validate_json(body).passengers)
    return Rows(to_columns(passengers), list(range(1, len(passengers) + 1)))


def validate_rows(rows: list[dict[str, Any]]) -> Rows:
    """The good ones of `rows`, and the first fault of each bad one."""
    good: dict[int, Passenger] = {}
    bad: list[RowError] = []
    for number, row in enumerate(rows, start=1):
        try:
            good[number] = _PASSENGER.validate_python(row)
        except ValidationError as failure:
            error = failure.errors(include_url=False, include_input=False, include_context=False)[0]
            name = str(error["loc"][0])[:100] if error["loc"] else ""
            bad.append(RowError(row=number, field=name, msg=error["msg"]))
    return Rows(to_columns(list(good.values())), list(good), bad)


def read_rows(rows: list[dict[str, Any]]) -> Rows:
    """All of `rows`. Raises `InvalidInput` when there are none or too many, and for a bad one."""
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InvalidInput(f"{len(rows)} rows were sent; from 1 to {MOST_ROWS} can be scored at once")
    found = validate_rows(rows)
    if found.bad:
        raise _refusal(found.bad, len(rows))
    return found


def read_csv(body: bytes, *, partial: bool) -> Rows:
    """The passengers of a CSV (see `core.table`). Raises `InvalidInput` for a file that is no table, and,
    without `partial`, for the first bad row."""
    chunks = list(read_passengers(io.BytesIO(body), labelled=False))
    lines = [line for chunk in chunks for line in (*chunk.lines, *(row.line for row in chunk.bad))]
    if len(lines) > MOST_ROWS:
        raise InvalidInput(f"the table has {len(lines)} rows; at most {MOST_ROWS} can be scored at once")
    if not lines:
        raise InvalidInput("the table has a header, but no rows")
    columns = chunks[0].columns
    if len(chunks) > 1:
        columns = {
            name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in chunks[0].columns
        }
    if not any(chunk.bad for chunk in chunks):
        return Rows(columns, list(range(1, len(lines) + 1)))
    number = {line: at for at, line in enumerate(sorted(lines), start=1)}
    bad = [
        RowError(row=number[row.line], field=row.column, msg=row.reason)
        for chunk in chunks
        for row in chunk.bad
    ]
    if not partial:
        raise _refusal(bad, len(lines))
    return Rows(columns, [number[line] for chunk in chunks for line in chunk.lines], bad)


def _refusal(bad: list[RowError], rows: int) -> InvalidInput:
    # Some clients show their user this sentence only, so it has an example in it.
    where = ", ".join(filter(None, [f"row {bad[0].row}", bad[0].field]))
    return InvalidInput(
        f"{len(bad)} of {rows} rows are bad and nothing was scored; {where}: {bad[0].msg}",
        [{"loc": ["body", f"row {row.row}", row.field], "msg": row.msg, "type": "row"} for row in bad],
    )
