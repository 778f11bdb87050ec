"""Outcomes as a table: the good rows are taken, and of each other one it is said why it was not."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.base.formulas import unescape_formula
from functions.core.schema.schema import Schema, fold
from functions.core.schema.tables.header import listed
from functions.core.schema.text.delimited import DelimitedFile
from functions.core.schema.text.file_format import open_text
from functions.feedback.outcomes import MAX_OUTCOMES, Outcome, OutcomeReader, contradictions
from functions.feedback.recording import Receipt

# A table may come in gzip, where a few kilobytes stand for as many megabytes.
MAX_DECOMPRESSED = 2**20
_PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, from 1, and why; field: the column at fault, empty for the row as a whole."""

    row: int
    field: str
    msg: str


@dataclass(slots=True)
class OutcomeTable:
    """What a table says. rows: the number of each outcome among the rows, from 1. empty: rows that say
    nothing of what happened. passed_over: columns that are nothing of an outcome."""

    passed_over: list[str]
    outcomes: list[Outcome] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    empty: int = 0

    def refuse(self, places: Iterable[int], name: str, msg: str) -> None:
        """Take the outcomes at these places out again."""
        out = set(places)
        self.refused += [RefusedRow(self.rows[place], name, msg) for place in sorted(out)]
        kept = [place for place in range(len(self.rows)) if place not in out]
        self.outcomes = [self.outcomes[place] for place in kept]
        self.rows = [self.rows[place] for place in kept]

    def answer(self, receipts: Sequence[Receipt]) -> dict[str, Any]:
        """What is told of the table. receipts: of its outcomes, in order."""
        fates = [receipt.status for receipt in receipts]
        unknown = [
            RefusedRow(row, "prediction_id", receipt.error)
            for row, receipt in zip(self.rows, receipts, strict=True)
            if receipt.error
        ]
        return {
            "recorded": fates.count("recorded"),
            "repeated": fates.count("repeated"),
            "empty": self.empty,
            "refused": [asdict(row) for row in sorted([*self.refused, *unknown], key=lambda row: row.row)],
            "passed_over": self.passed_over,
        }


def read_outcome_table(body: bytes, schema: Schema, *, key_id: str) -> OutcomeTable:
    """The outcomes in a table with the columns `prediction_id`, the target's and, if there are any, `note`.

    key_id: who says so. Raises `InvalidInput` for what is no such table, or has too many rows.
    """
    reader = OutcomeReader(schema)
    names = {fold(reader.id): reader.id, fold(reader.note): reader.note}
    names |= dict.fromkeys(schema.target_spellings, schema.target.name)
    file = DelimitedFile(
        open_text(io.BytesIO(body), max_decompressed=MAX_DECOMPRESSED),
        frozenset(names) | schema.accepted.keys(),
    )
    columns = _columns(file.header, names, [reader.id, schema.target.name], schema)
    table = OutcomeTable([name for name in file.header if name and fold(name) not in names])
    number = 0
    for rows in file.rows(MAX_OUTCOMES + 1):
        lines = sorted([*zip(rows.lines, rows.cells, strict=True), *((line, None) for line, _ in rows.wide)])
        for _, cells in lines:
            number += 1
            if number > MAX_OUTCOMES:
                raise InvalidInput(f"the table has more than {MAX_OUTCOMES:,} rows: send it in parts")
            _read_row(
                table,
                reader,
                number,
                {name: cells[place] for name, place in columns.items()} if cells else None,
            )
    if not number:
        raise InvalidInput("the table has a header, but no rows")
    twice = {table.outcomes[place].prediction_id for place in contradictions(table.outcomes, key_id)}
    table.refuse(
        (place for place, outcome in enumerate(table.outcomes) if outcome.prediction_id in twice),
        schema.target.name,
        "the table says two things of this prediction: leave the one that counts",
    )
    return table


def _columns(
    header: Sequence[str], names: dict[str, str], required: list[str], schema: Schema
) -> dict[str, int]:
    """The places of the columns by what they are."""
    columns: dict[str, int] = {}
    for index, name in enumerate(header):
        known = names.get(fold(name))
        if known in columns:
            raise InvalidInput(
                f"the columns {header[columns[known]]} and {name} are both {known}; delete one"
            )
        if known:
            columns[known] = index
        elif fold(name) == _PROBABILITY and _PROBABILITY not in schema.accepted:
            raise InvalidInput(
                f"a table with the column {name} has answers in it: its {required[1]} is what the model "
                f"said, not what happened. Write down what happened, and delete the column {name}"
            )
    lacking = [name for name in required if name not in columns]
    if lacking:
        seen = listed(name for name in header if name) or "none"
        raise InvalidInput(f"the header has no column {' and no column '.join(lacking)}; there are {seen}")
    return columns


def _read_row(table: OutcomeTable, reader: OutcomeReader, number: int, cells: dict[str, str] | None) -> None:
    if cells is None:
        table.refused.append(RefusedRow(number, "", "has more cells than the header has columns"))
        return
    if not cells[reader.target.name].strip():
        table.empty += 1
        return
    outcome = reader.read({name: unescape_formula(cell.strip()) for name, cell in cells.items()}, [])
    if outcome:
        table.outcomes.append(outcome)
        table.rows.append(number)
        return
    first = reader.faults[0]
    table.refused.append(RefusedRow(number, str(first["loc"][0]), str(first["msg"])))
    reader.faults.clear()
