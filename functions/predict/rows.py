"""Rows as they are sent, many at once: all of them valid, or each bad one named.

What is no field of the schema, each dialect has dealt with as its own clients expect: in Lifeboat's own JSON
and in the Open Inference Protocol it is an error, as it is to Triton; the columns of a table, and whatever
MLflow's clients send in any of their shapes (`extras`), are passed over, and the answer says which.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from functions.core.base.errors import InvalidInput
from functions.core.schema.columns import Columns, to_columns
from functions.core.schema.rows import Fault, Row, RowReader, Unfit, Value
from functions.core.schema.schema import REFERENCE, Schema, fold
from functions.predict.references import read_reference, without_reference

MAX_ROWS = 10_000
# An unknown field is named in the answer, which must stay below Lambda's 6 MB for 10,000 of them.
_MAX_FIELD = 30
# A nearest name is looked for among all fields, which takes some hundred times as long as reading one.
_MAX_SUGGESTED = 3


class RowError(NamedTuple):
    """Why a row was not scored. row: which of those sent, from 1; field: "" for the row as a whole."""

    row: int
    field: str
    msg: str


class ColumnsRead(NamedTuple):
    """What became of the columns of a table, each by its name there; `missing` by the names of the schema."""

    used: Sequence[str]
    passed_over: Sequence[str]
    missing: Sequence[str]


class Kept(NamedTuple):
    """Columns of a table that come back in the answer: their names, and the cells of each row, as sent."""

    names: list[str]
    cells: list[list[str]]


class Rows(NamedTuple):
    """The good rows as tensors, and their numbers among the rows that were sent, from 1; and the bad ones.

    table: what became of the columns, where the rows came as a table. kept: those of them to send back.
    references: of all rows that were sent, in order, where any has one.
    """

    columns: Columns
    numbers: list[int]
    bad: Sequence[RowError] = ()
    table: ColumnsRead | None = None
    kept: Kept | None = None
    references: list[str | None] | None = None

    @property
    def scored_references(self) -> list[str | None] | None:
        """Those of the good rows."""
        return self.references and [self.references[number - 1] for number in self.numbers]


class BadRows(InvalidInput):
    """Some of `rows` rows do not fit, so none is scored. `bad` names those."""

    def __init__(self, bad: list[RowError], rows: int) -> None:
        # Some clients show their user this sentence only, so it has an example in it.
        where = ", ".join(filter(None, [f"row {bad[0].row}", bad[0].field]))
        super().__init__(
            f"{len(bad)} of {rows} rows are bad and nothing was scored; {where}: {bad[0].msg}",
            [{"loc": ["body", f"row {row.row}", row.field], "msg": row.msg, "type": "row"} for row in bad],
        )
        self.bad = bad
        self.rows = rows


class BadRow(InvalidInput):
    """The one row that was sent does not fit. `faults` are all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "the input does not fit; `detail` says where",
            [
                {"loc": ["body", *filter(None, [fault.field[:100]])], "msg": fault.msg, "type": fault.type}
                for fault in faults
            ],
        )
        self.faults = faults


def read_row(row: object, reader: RowReader) -> tuple[Columns, list[str | None] | None]:
    """The tensors of one row of JSON, and its reference, if it has one. Raises `BadRow`."""
    if not isinstance(row, dict):
        raise BadRow(
            [Fault("", f"must be an object with the fields of a {reader.schema.row_name[0]}", "object")]
        )
    if REFERENCE in row and reader.schema.takes_references:
        (values, faults), reference = _read_referenced(row, reader)
    else:
        (values, faults), reference = reader.read(row), None
    if faults:
        raise BadRow(suggest_fields(faults, reader.schema))
    return to_columns([values], reader.schema), [reference] if reference else None


def suggest_fields(faults: Sequence[Fault], schema: Schema) -> list[Fault]:
    """The faults, where the first few names that are no field say which field is nearest."""
    unknown = [fault for fault in faults if fault.type == "unknown"][:_MAX_SUGGESTED]
    return [_suggested(fault, schema) if fault in unknown else fault for fault in faults]


def _suggested(fault: Fault, schema: Schema) -> Fault:
    # Imported for a row that is refused anyway: a cold start needs every millisecond.
    from difflib import get_close_matches

    near = get_close_matches(fold(fault.field[:_MAX_FIELD]), schema.accepted, n=1)
    return fault._replace(msg=f"{fault.msg}; did you mean {schema.accepted[near[0]]}?") if near else fault


def _read_referenced(row: Mapping[str, object], reader: RowReader) -> tuple[Row, str | None]:
    """What `reader` reads of a row that has a reference, and the reference: None where it does not fit, which
    is a fault as others are."""
    read = reader.read(without_reference(row))
    try:
        return read, read_reference(row[REFERENCE])
    except Unfit as error:
        return Row(read.values, [*read.faults, Fault(REFERENCE, error.msg, error.type)]), None


def read_rows(
    rows: Sequence[Mapping[str, object]],
    reader: RowReader,
    *,
    partial: bool = False,
    extras: bool = False,
    referenced: bool = False,
) -> Rows:
    """The rows of JSON, each an object. extras: pass over what is no field, and say which in `table`.
    referenced: a row may have a reference.

    Raises `InvalidInput` when there are none or too many, and, without `partial`, `BadRows` for a bad one.
    """
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidInput(f"{len(rows)} rows were sent; from 1 to {MAX_ROWS} can be scored at once")
    good: list[list[Value]] = []
    numbers: list[int] = []
    bad: list[RowError] = []
    references: list[str | None] = [None] * len(rows)
    referenced = referenced and reader.schema.takes_references
    for number, row in enumerate(rows, start=1):
        if referenced and REFERENCE in row:
            (values, faults), references[number - 1] = _read_referenced(row, reader)
        else:
            values, faults = reader.read(row, extras=extras)
        if faults:
            bad.append(RowError(number, faults[0].field[:_MAX_FIELD], faults[0].msg))
        else:
            good.append(values)
            numbers.append(number)
    if bad and not partial:
        raise BadRows(bad, len(rows))
    table = _columns_read(chain.from_iterable(rows), reader.schema) if extras else None
    return Rows(
        to_columns(good, reader.schema),
        numbers,
        bad,
        table,
        references=references if any(references) else None,
    )


def _columns_read(keys: Iterable[str], schema: Schema) -> ColumnsRead:
    names = {key: schema.accepted.get(fold(key)) for key in dict.fromkeys(keys)}
    fields = set(names.values())
    derivable = {derived.name for derived in schema.derived if derived.source in fields}
    return ColumnsRead(
        used=[key for key, name in names.items() if name],
        passed_over=[key for key, name in names.items() if not name],
        missing=[name for name in schema.names if name not in fields | derivable],
    )
