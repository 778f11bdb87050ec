"""Reads many passengers at once: JSON or CSV, all of them valid or each bad one named."""

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from functions.core.base.errors import InvalidInput
from functions.core.schema.columns import Columns, to_columns
from functions.core.schema.passenger import MOST_KEYS, Passenger
from functions.core.schema.table import Chunk, read_passengers
from functions.predict.answers import RowError

MOST_ROWS = 10_000
# An explanation takes 2,048 rows of the graph for each passenger.
MOST_EXPLAINED = 100
# An unknown field is named in the answer, which must stay below Lambda's 6 MB for 10,000 of them.
_LONGEST_FIELD = 30


def few_keys(value: Any) -> Any:
    """A validator, to be asked first. Raises `ValueError` for an object of more than `MOST_KEYS` keys."""
    if isinstance(value, dict) and len(value) > MOST_KEYS:
        raise ValueError(f"an object has at most {MOST_KEYS} keys here")
    return value


class Body(BaseModel):
    """Base of the bodies of JSON: an unknown key is an error, and so are too many of them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, data: Any) -> Any:
        return few_keys(data)


class Batch(Body):
    """Up to 10,000 passengers."""

    # The first bad row ends it: `read_json` then looks row by row, with one fault for each.
    passengers: list[Passenger] = Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)


class _Rows(Body):
    passengers: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)


class BadRows(InvalidInput):
    """Some of `rows` passengers do not fit, so none is scored. `bad` names those."""

    def __init__(self, bad: list[RowError], rows: int) -> None:
        # Some clients show their user this sentence only, so it has an example in it.
        where = ", ".join(filter(None, [f"row {bad[0].row}", bad[0].field]))
        super().__init__(
            f"{len(bad)} of {rows} rows are bad and nothing was scored; {where}: {bad[0].msg}",
            [{"loc": ["body", f"row {row.row}", row.field], "msg": row.msg, "type": "row"} for row in bad],
        )
        self.bad = bad
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Rows:
    """The good rows as tensors, and their numbers among the rows that were sent, from 1; and the bad ones."""

    columns: Columns
    numbers: list[int]
    bad: list[RowError] = field(default_factory=list)


def read_json(body: bytes, *, partial: bool) -> Rows:
    """The passengers of a `Batch`. Raises pydantic's `ValidationError` for what is no batch, and, without
    `partial`, `BadRows`."""
    try:
        passengers = Batch.model_validate_json(body).passengers
    except ValidationError:
        rows = _Rows.model_validate_json(body).passengers
        return validate_rows(rows) if partial else read_rows(rows)
    return Rows(to_columns(passengers), list(range(1, len(passengers) + 1)))


def validate_rows(rows: list[dict[str, Any]]) -> Rows:
    """The good ones of `rows`, and the first fault of each bad one."""
    good: dict[int, Passenger] = {}
    bad: list[RowError] = []
    for number, row in enumerate(rows, start=1):
        try:
            good[number] = Passenger.model_validate(row)
        except ValidationError as failure:
            error = failure.errors(include_url=False, include_input=False, include_context=False)[0]
            name = str(error["loc"][0])[:_LONGEST_FIELD] if error["loc"] else ""
            bad.append(RowError(row=number, field=name, msg=error["msg"]))
    return Rows(to_columns(list(good.values())), list(good), bad)


def read_rows(rows: list[dict[str, Any]]) -> Rows:
    """All of `rows`. Raises `InvalidInput` when there are none or too many, `BadRows` for a bad one."""
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InvalidInput(f"{len(rows)} rows were sent; from 1 to {MOST_ROWS} can be scored at once")
    found = validate_rows(rows)
    if found.bad:
        raise BadRows(found.bad, len(rows))
    return found


def read_csv(body: bytes, *, partial: bool) -> Rows:
    """The passengers of a CSV (see `core.schema.table`). Raises `InvalidInput` for a file that is no table,
    and, without `partial`, `BadRows`."""
    chunks: list[Chunk] = []
    lines: list[int] = []
    for chunk in read_passengers(io.BytesIO(body), labelled=False):
        chunks.append(chunk)
        lines += [*chunk.lines, *(row.line for row in chunk.bad)]
        # Now: the rest of the table need not be read.
        if len(lines) > MOST_ROWS:
            raise InvalidInput(f"the table has more than the {MOST_ROWS} rows that can be scored at once")
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
        raise BadRows(bad, len(lines))
    return Rows(columns, [number[line] for chunk in chunks for line in chunk.lines], bad)
