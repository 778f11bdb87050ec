"""The schema of the Titanic, and tables read by it."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.core.schema.columns import to_rows
from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.schema.tables.chunks import BadRow
from functions.core.schema.tables.header import ColumnsReport
from functions.core.schema.tables.table import open_table

DATA = Path(__file__).parents[2] / "training" / "data"
HEADER = "pclass,survived,name,sex,age,sibsp,parch,fare,embarked"
ROWS = '3,0,"Braund, Mr. Owen",male,22,1,0,7.25,S\n1,1,"Allen, Miss. Elisabeth",female,29,0,0,211.3375,S\n'
PLAIN = f"{HEADER}\n{ROWS}"
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
