"""A Parquet file is the table that the same rows in text are; and what is none is told clearly."""

import io
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from functions.core.base.errors import InvalidInput
from functions.core.schema.columns import concatenate, to_values
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.inference.inferred import infer_from, infer_schema, survey_file
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.schema.tables import parquet as reading
from functions.core.schema.tables.chunks import Chunk
from functions.core.schema.tables.parquet import ParquetFile, ParquetTable, is_parquet
from functions.core.schema.tables.table import open_table
from tests.support.reading import SCHEMA, TITANIC, schema_of

PEOPLE = schema_of(
    age={"type": "number", "constraints": {"minimum": 0, "maximum": 120}},
    sex={"type": "string", "constraints": {"enum": ["f", "m"]}},
    member={"type": "boolean"},
)


def written(table: pa.Table | Mapping[str, Any], **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    parquet.write_table(table if isinstance(table, pa.Table) else pa.table(dict(table)), stream, **options)
    return stream


def chunks_of(stream: io.BytesIO, schema: Schema = PEOPLE, *, chunk_rows: int = 3) -> list[Chunk]:
    return [*ParquetTable(stream, RowReader(schema), labelled=True, chunk_rows=chunk_rows)]


def read(stream: io.BytesIO, schema: Schema = PEOPLE) -> tuple[dict[str, list[Any]], list[int], list[Any]]:
    """Values, outcomes and bad rows."""
    chunks = chunks_of(stream, schema)
    values = to_values(concatenate([chunk.columns for chunk in chunks]))
    bad = [(row.line, row.column, row.reason) for chunk in chunks for row in chunk.bad]
    return values, [outcome for chunk in chunks for outcome in chunk.outcomes], bad


@pytest.mark.parametrize("dictionaries", [False, True])
def test_the_shipped_table_has_the_same_values_as_in_text(dictionaries: bool) -> None:
    table = csv.read_csv(TITANIC)
    if dictionaries:
        for name in ("sex", "embarked", "name", "pclass"):
            index = table.schema.get_field_index(name)
            table = table.set_column(index, name, table[name].dictionary_encode())
    ours = chunks_of(written(table, row_group_size=500), SCHEMA, chunk_rows=200)
    with TITANIC.open("rb") as stream:
        theirs = [*open_table(stream, SCHEMA, labelled=True)]
    for name in SCHEMA.names:
        one, other = (concatenate([chunk.columns for chunk in chunks])[name] for chunks in (ours, theirs))
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    for kind in ("outcomes", "representative", "labelled_by"):
        said, expected = (
            [value for chunk in chunks for value in getattr(chunk, kind)] for chunks in (ours, theirs)
        )
        assert said == expected
    assert [line for chunk in ours for line in chunk.lines] == [*range(1, 1310)]


def test_every_kind_of_number_and_word_is_read() -> None:
    values, outcomes, bad = read(
        written(
            {
                "age": pa.array([1, None, 3], pa.uint8()),
                "sex": pa.array(["f", None, "M"], pa.large_string()),
                "member": [True, None, False],
                "y": pa.array([1, 0, 1], pa.int64()),
            }
        )
    )
    assert values == {"age": [1, None, 3], "sex": ["f", None, "m"], "member": [1, None, 0]}
    assert (outcomes, bad) == ([1, 0, 1], [])
    for ages in (
        pa.array([0.5, float("nan"), 3.0], pa.float32()),
        pa.array([Decimal("0.5"), None, Decimal("3.0")], pa.decimal128(5, 1)),
        pa.array(["0.5", "NA", "3"]),
        pa.array(["0.5", "", "3"]).dictionary_encode(),
    ):
        found = read(written({"age": ages, "y": ["yes", "no", "true"]}))
        assert found[0]["age"] == [0.5, None, 3]
        assert found[1:] == ([1, 0, 1], [])


def test_a_column_of_nulls_is_missing_and_one_that_is_not_there_is_named() -> None:
    table = {"age": pa.nulls(2), "y": [1, 0], "other": [1, 2]}
    assert read(written(table))[0]["age"] == [None, None]
    report = ParquetTable(written(table), RowReader(PEOPLE), labelled=True, chunk_rows=3).columns_report
    assert (report.passed_over, report.missing) == (("other",), ("sex", "member"))
    with pytest.raises(InvalidInput, match="the header has no column y; its columns are: age"):
        read(written({"age": [1]}))


def test_values_that_a_field_cannot_have_are_bad_rows_with_their_number() -> None:
    table = {"age": [1.0, -5.0, float("inf"), 4.0], "sex": ["f", "f", "f", "x"], "y": [1, 1, 1, 1]}
    assert read(written(table))[2] == [
        (2, "age", "must be a number from 0 to 120"),
        (3, "age", "must be a number from 0 to 120"),
        (4, "sex", "must be f or m"),
    ]
    assert read(written({"age": [True, False], "y": [1, None]}))[2] == [
        (1, "age", "must be a number from 0 to 120"),
        (2, "age", "must be a number from 0 to 120"),
    ]
    [chunk] = chunks_of(written({"sex": ["f", "x", "x"], "y": [1, 1, 1]}))
    assert chunk.unknown == {"sex": {"x": 2}}


def test_a_number_that_stands_for_missing_is_missing() -> None:
    schema = schema_of(age={"type": "number"})
    document = {**schema.document, "missingValues": ["", "-999"]}
    found = read(written({"age": [1.5, -999.0], "y": [1, 0]}), parse_schema(document))
    assert found[0]["age"] == [1.5, None]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([[1], [2]]), "is of the type list<"),
        (pa.array([{"a": 1}, {"a": 2}]), "is of the type struct<"),
        (pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())), "is of the type map<"),
        (pa.array([b"a", b"b"]), "is of the type binary; a column holds numbers, words"),
        (pa.array([date(2020, 1, 1), None]), "is of the type date32.*, a date or time"),
        (pa.array([1, 2], pa.timestamp("us", "UTC")), "is of the type timestamp.*, a date or time"),
        (pa.array([1, 2], pa.time32("s")), "is of the type time32.*, a date or time"),
        (pa.array([1, 2], pa.duration("s")), "is of the type duration.*, a date or time"),
    ],
)
def test_a_column_of_no_single_values_is_refused_if_it_is_used_and_else_passed_over(
    column: pa.Array, said: str
) -> None:
    with pytest.raises(InvalidInput, match=f"the column age {said}"):
        read(written({"age": column, "y": [1, 0]}))
    with pytest.raises(InvalidInput, match=f"the column y {said}"):
        read(written({"y": column}))
    assert read(written({"when": column, "age": [1, 2], "y": [1, 0]}))[0]["age"] == [1, 2]


def test_two_columns_of_one_name_and_names_with_dots() -> None:
    table = pa.table([[1, 2], [1, 2], [1, 0], [5, 6]], names=["age", "a.b", "y", "a"])
    assert read(written(table))[0]["age"] == [1, 2]
    with pytest.raises(InvalidInput, match="the column age stands twice in the header"):
        read(written(pa.table([[1, 2], [1, 2], [1, 0]], names=["age", "age", "y"])))
    with pytest.raises(InvalidInput, match="the column other stands twice in the header"):
        read(written(pa.table([[1, 2], [1, 2], [1, 0], [1, 2]], names=["age", "other", "y", "other"])))


def test_numbers_that_no_float64_holds_go_out_as_they_came_in() -> None:
    """Identifiers of 64 bits, such as those of a message, and long decimals."""
    long, dollars = pa.decimal128(38, 8), pa.decimal128(38, 2)
    columns = {
        "id": pa.array([9007199254740993, -1700000000123456789, None, 7]),
        "unsigned": pa.array([2**64 - 1, 0, 1, None], pa.uint64()),
        "amount": pa.array([Decimal("12345678901234567890.125"), Decimal("1.5"), Decimal(-200), None], long),
        "dollars": pa.array([Decimal("0.00"), Decimal("0.10"), None, Decimal("100.00")], dollars),
        "age": pa.array([2**53 + 2, 5, None, 2**53], pa.int64()),
    }
    [rows] = ParquetFile(written(columns)).rows(10)
    assert [*map(list, zip(*rows.cells, strict=True))] == [
        ["9007199254740993", "-1700000000123456789", "", "7"],
        ["18446744073709551615", "0", "1", ""],
        ["12345678901234567890.125", "1.5", "-200", ""],
        ["0", "0.1", "", "100"],
        ["9007199254740994", "5", "", "9007199254740992"],
    ]
    # As a feature, they are numbers all the same.
    values, _, bad = read(written({**columns, "y": [1, 0, 1, 0]}))
    assert values["age"] == [5, None]
    assert [(line, column) for line, column, _ in bad] == [(1, "age"), (4, "age")]


def test_a_schema_is_inferred_as_of_text() -> None:
    table = csv.read_csv(TITANIC)
    table = table.append_column("tags", pa.array([["a"]] * len(table)))
    file = ParquetFile(written(table))
    inferred = infer_from(survey_file(file), target="survived")
    with TITANIC.open("rb") as stream:
        theirs = infer_schema(stream, target="survived").document
    assert inferred.document["fields"] == theirs["fields"]
    assert any("the column tags is of the type list" in note for note in inferred.notes)


@pytest.mark.parametrize("cut", [5, 500, -4, -200])
def test_a_file_that_was_cut_off_is_refused(cut: int) -> None:
    body = written(csv.read_csv(TITANIC)).getvalue()[:cut]
    with pytest.raises(InvalidInput, match=r"begins as Parquet does, and is damaged or cut off \("):
        read(io.BytesIO(body), SCHEMA)


def test_a_file_with_damaged_pages_is_refused() -> None:
    body = bytearray(written(csv.read_csv(TITANIC), compression="zstd").getvalue())
    body[200:6_000] = bytes(5_800)
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        read(io.BytesIO(bytes(body)), SCHEMA)


def test_a_row_group_that_unpacks_to_more_than_memory_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_GROUP_BYTES", 10_000)
    with pytest.raises(InvalidInput, match="at most 10,000 are read: write the file with smaller ones"):
        read(written({"age": np.arange(100_000) % 90, "y": np.arange(100_000) % 2}, use_dictionary=False))


def test_without_pyarrow_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written({"age": [1], "y": [1]})
    assert is_parquet(stream)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        InvalidInput, match=r"the file is a Parquet file\. Parquet is read where pyarrow is .*`make scale`"
    ):
        read(stream)


@pytest.mark.parametrize("begins", [0, 3, 5, 8, 10])
def test_whoever_begins_where_a_batch_ended_gets_those_that_followed(begins: int) -> None:
    stream = written({"age": [*range(10)], "y": [0, 1] * 5}, row_group_size=5)
    table = ParquetTable(stream, RowReader(PEOPLE), labelled=True, chunk_rows=3)
    places = [(batch.line, batch.size, batch.ends) for batch in table.batches(begins=begins)]
    every = [(1, 3, 3), (4, 2, 5), (6, 3, 8), (9, 2, 10)]
    assert places == [place for place in every if place[0] > begins]
    assert [batch.read_rows([0]).cells[0][0] for batch in table.batches(begins=begins)] == [
        str(line - 1) for line, _, _ in places
    ]


@pytest.mark.long
def test_a_file_of_a_million_rows_takes_the_memory_of_a_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    size = 200_000
    batch = pa.table(
        {
            "age": np.arange(size) % 90,
            "y": np.arange(size) % 2,
            "text": [f"{row:0100}" for row in range(size)],
        }
    )
    with parquet.ParquetWriter(path, batch.schema) as writer:
        for _ in range(10):
            writer.write_table(batch)
    script = """
import sys
from functions.core.schema.tables.parquet import ParquetTable
from functions.core.schema.rows import RowReader
from tests.core.schema.tables.test_parquet import PEOPLE
from tests.support.peak_memory import peak
before = peak()
with open(sys.argv[1], "rb") as stream:
    table = ParquetTable(stream, RowReader(PEOPLE), labelled=True, chunk_rows=10_000)
    rows = sum(len(chunk.lines) for chunk in table)
print(rows, peak() - before)
"""
    said = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=TITANIC.parents[2],
    ).stdout.split()
    assert int(said[0]) == 2_000_000
    assert int(said[1]) < 150
