"""A table to make a model of: how it gets into a store, with its schema, and what was read of it there."""

import argparse
import json
import re
import shlex
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.core.base.errors import NotFound
from functions.core.registry.datasets import SUFFIXES
from functions.core.registry.keys import report_key
from functions.core.registry.manifest import Columns, Manifest
from functions.core.registry.models import check_model_name
from functions.core.schema.columns import to_rows
from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.inference.inferred import infer_schema
from functions.core.schema.schema import Field, Schema
from functions.core.schema.tables.header import listed
from functions.core.schema.tables.table import open_table
from functions.core.storage.view import SCHEMA, ModelStore

FIRST_NAMES = 12
FIRST_REASONS = 5
# Of a name such as sales.2026-01.tsv.gz: what stands before tells it from the next one.
_ENDING = re.compile(r"(\.[A-Za-z]{2,7})?(\.gz)?$", re.IGNORECASE)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Table:
    """The file of a table, the name of its model, and its schema: a file, or None to infer it.

    target: the column to predict, where a schema is inferred; None where its name shows which that is.
    positive: its values that count as yes, with commas between; None where they show it. Raises `ValueError`
    for these beside a schema, which says both.
    """

    file: Path
    model: str
    schema: Path | None = None
    target: str | None = None
    positive: str | None = None

    def __post_init__(self) -> None:
        if self.schema and (self.target or self.positive):
            raise ValueError(
                "a schema says what is predicted: leave out --target and --positive (TARGET=, POSITIVE=), or "
                "--schema (SCHEMA=)"
            )


def table_of(options: argparse.Namespace) -> Table:
    """The table that the options of a command name. Raises `InvalidInput` for what cannot be the name of a
    model, `ValueError` as `Table`."""
    name = check_model_name(options.name)
    return Table(options.file, name, options.schema, options.target, options.positive)


def put_schema(store: ModelStore, table: Table, say: Say) -> Schema:
    """Keep the table's schema as that of the model's next training, and say how it came about.

    Raises `InvalidSchema` for one that does not fit, `InvalidInput` where none can be inferred, `OSError`.
    """
    if table.schema:
        schema = read_schema(table.schema.read_bytes())
        origin, notes = f"from {table.schema.name}", schema.notes
    else:
        with table.file.open("rb") as stream:
            inferred = infer_schema(stream, target=table.target, positive=table.positive, name=table.model)
        schema = parse_schema(inferred.document)
        origin, notes = f"inferred from {table.file.name}", inferred.notes
    store.put(SCHEMA, schema.as_json())
    say(f"Schema     {origin}: {len(schema.features)} features, to predict {schema.target.name}")
    if not table.schema:
        _say_features(schema, say)
    for note in notes:
        say(f"             {note}")
    return schema


def _say_features(schema: Schema, say: Say) -> None:
    """Say what each feature was taken for."""
    kinds = {
        "numbers": [field for field in schema.features if field.type in ("number", "integer")],
        "categories": [field for field in schema.features if field.type == "string"],
        "yes or no": [field for field in schema.features if field.type == "boolean"],
    }
    for kind, fields in kinds.items():
        if fields:
            say(f"             {kind}: {_first([field.name for field in fields])}")


def _first(names: Sequence[str]) -> str:
    more = len(names) - FIRST_NAMES
    return ", ".join(names[:FIRST_NAMES]) + (f" and {more} more" if more > 0 else "")


def put_file(store: ModelStore, file: Path, body: bytes) -> str:
    """Upload what a file holds to the model's datasets, which starts a retrain. Returns its key in the whole
    store.
    """
    key = dataset_key(file)
    store.put(key, body)
    return store.full(key)


def dataset_key(file: Path) -> str:
    """Where a file is uploaded to, in the view of its model."""
    return f"datasets/{name_of(file)}"


def name_of(file: Path) -> str:
    """What a file is called as a dataset: a table by its name, whatever separates its cells."""
    # A file of a Mac may have its accents apart from their letters: to people that is the same name.
    name = unicodedata.normalize("NFC", file.name)
    return name if name.endswith(SUFFIXES) else f"{_ENDING.sub('', name)}.csv"


def say_reading(store: ModelStore, manifest: Manifest, say: Say) -> None:
    """Say which columns a version was trained on, and which rows were left out."""
    report = _report(store, manifest.version)
    say_columns(manifest.dataset.columns, report.get("notes", ()), say)
    if count := manifest.dataset.rejected_rows:
        say(f"Left out   {count:,} of {manifest.dataset.rows + count:,} rows")
        say_bad_rows(report.get("bad_rows", ()), count, store.full(report_key(manifest.version)), say)


def say_columns(columns: Columns, notes: Any, say: Say) -> None:
    """Say which columns of a file were used, passed over and missing; notes: sentences on them."""
    say(f"Columns    used: {_first(columns.used) or 'none'}")
    for kind, names in (("passed over", columns.passed_over), ("missing", columns.missing)):
        if names:
            say(f"             {kind}: {listed(names)}")
    for note in notes:
        say(f"             {note}")


def say_bad_rows(rows: Any, count: int, key: str, say: Say) -> None:
    """Say why the first of `count` rows were left out; `key`: where the others can be read."""
    for row in rows[:FIRST_REASONS]:
        say(f"             line {row['line']}, {row['column'] or 'row'}: {row['reason']}")
    if count > FIRST_REASONS:
        say(f"             and {count - FIRST_REASONS:,} more: {key}")


def _report(store: ModelStore, version: str) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(store.get(report_key(version)).body)
    except NotFound:
        return {}
    return report


def example_row(table: Table, schema: Schema) -> dict[str, Any]:
    """A row to ask the model with: that of the schema, or, where it was inferred, the first of the file."""
    if table.schema is None:
        with table.file.open("rb") as stream:
            for chunk in open_table(stream, schema, labelled=True, chunk_rows=100):
                for row in to_rows(chunk.columns):
                    fields = (schema.feature(name) for name in row)
                    return {
                        field.name: _plain(field, row[field.name])
                        for field in fields
                        if row[field.name] is not None
                    }
    return schema.example()


def _plain(field: Field, value: Any) -> Any:
    """A value as people write it, where it has been through the float32 of the graph."""
    if field.type == "boolean":
        return bool(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.7g}")
    return value


def curl(url: str, row: Mapping[str, Any], key: str | None) -> list[str]:
    """A command that has a row scored, in lines. key: "$KEY" for one that the shell knows."""
    body = shlex.quote(json.dumps(row, ensure_ascii=False))
    # The shell puts in what it knows only between these quotes.
    header = f'"x-api-key: {key}"' if key == "$KEY" else f"'x-api-key: {key}'"
    return [
        f"  curl -s {url} -H 'content-type: application/json' \\",
        *([f"    -H {header} \\"] if key else []),
        f"    -d {body}",
    ]
