"""What was read of a dataset, for people: columns, notes, and the rows that were left out."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from functions.core.registry.manifest import Columns
from functions.core.schema.tables.chunks import BadRow
from functions.core.schema.tables.header import listed

MAX_REPORTED_ROWS = 100
NO_COLUMNS = Columns(used=[], passed_over=[], missing=[])


@dataclass(frozen=True, slots=True)
class Report:
    """rows: how many are valid; rejected: how many were left out, of which bad_rows are the first hundred."""

    rows: int = 0
    rejected: int = 0
    columns: Columns = NO_COLUMNS
    notes: tuple[str, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()

    def as_json(self, **more: object) -> bytes:
        """The report as it is kept; `more` stands before it: where the dataset came from, say."""
        body = {
            **more,
            "valid_rows": self.rows,
            "rejected_rows": self.rejected,
            "columns": self.columns.model_dump(),
            "notes": self.notes,
            "bad_rows": [asdict(row) for row in self.bad_rows],
        }
        return json.dumps(body, indent=2, ensure_ascii=False, default=str).encode()

    def summary(self) -> dict[str, Any]:
        """The same in short, for an answer: without the rows."""
        return {
            "valid_rows": self.rows,
            "rejected_rows": self.rejected,
            "columns": self.columns.model_dump(),
            "notes": list(self.notes),
        }

    def lines(self) -> Iterator[str]:
        """The same in lines, for a terminal."""
        for kind, names in (
            ("used", self.columns.used),
            ("passed over", self.columns.passed_over),
            ("missing", self.columns.missing),
        ):
            if names:
                yield f"columns {kind}: {listed(names)}"
        yield from (f"note: {note}" for note in self.notes)
        if self.rejected:
            yield f"{self.rejected} of {self.rows + self.rejected} rows were left out:"
        for row in self.bad_rows:
            yield f"  line {row.line}, {row.column or 'row'}: {row.reason}"
        if self.rejected > len(self.bad_rows):
            yield f"  and {self.rejected - len(self.bad_rows)} more"


def read_report(body: bytes) -> Report:
    """A report that `as_json` wrote. Raises `ValueError` when it is damaged."""
    try:
        document = json.loads(body)
        return Report(
            rows=document["valid_rows"],
            rejected=document["rejected_rows"],
            columns=Columns.model_validate(document["columns"]),
            notes=tuple(document["notes"]),
            bad_rows=tuple(BadRow(**row) for row in document["bad_rows"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("the report is damaged") from error
