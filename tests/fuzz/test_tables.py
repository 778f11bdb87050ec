"""Tables are read as a second, slow reader reads them, or refused; no file makes the reader fail."""

import csv
import gzip
import io
from typing import Any

import numpy as np
from hypothesis import strategies as st

from functions.core.base.errors import InvalidInput
from functions.core.schema.inference.inferred import infer_schema
from tests.fuzz.campaign import Campaign
from tests.fuzz.numbers import COLUMNS, PLAIN, read_number
from tests.fuzz.slow_reader import SCHEMA, NotCsv, SlowTable, is_same, read_slowly
from tests.fuzz.tables import SEPARATORS, WrittenTable, damaged_tables, tables
from tests.support.reading import WholeTable, read, schema_of

NUMBERS = schema_of(x={"type": "number"})


def read_fast(body: bytes, chunk_rows: int) -> SlowTable:
    """What the reader makes of it, in the shape of the slow one. Raises `InvalidInput`."""
    found = read(body, SCHEMA, chunk_rows=chunk_rows)
    rows = [row | {"y": float(outcome)} for row, outcome in zip(found.rows, found.outcomes, strict=True)]
    return SlowTable(dict(zip(found.lines, rows, strict=True)), [row.line for row in found.bad])


def test_both_readers_read_the_same(campaign: Campaign) -> None:
    def check(case: tuple[WrittenTable, int]) -> str:
        table, chunk_rows = case
        body = gzip.decompress(table.body) if table.body[:2] == b"\x1f\x8b" else table.body
        try:
            expected = read_slowly(body, table.separator)
        except NotCsv:
            expected = None
        try:
            found = read_fast(table.body, chunk_rows)
        except InvalidInput as refusal:
            return _refused(refusal, wrong=expected is not None)
        assert expected is not None, "read, though it is no CSV"
        assert sorted(found.bad) == expected.bad
        assert found.good.keys() == expected.good.keys()
        for line, row in found.good.items():
            for name, value in row.items():
                assert is_same(value, expected.good[line][name]), (line, name, value, expected.good[line])
        return "read with bad rows" if found.bad else "read"

    campaign.run(st.tuples(tables(), st.integers(1, 9)), check, cases=150)


def _refused(refusal: InvalidInput, *, wrong: bool = False) -> str:
    assert str(refusal)
    assert not wrong, refusal
    return "refused"


def test_a_number_is_never_silently_another(campaign: Campaign) -> None:
    def check(case: tuple[list[str], str]) -> str:
        cells, separator = case
        text = io.StringIO()
        csv.writer(text, delimiter=separator).writerows([["x", "y"], *([cell, "1"] for cell in cells)])
        readings = [(read_number(cell, "."), read_number(cell, ",")) for cell in cells]
        try:
            found = read(text.getvalue(), NUMBERS)
        except InvalidInput:
            # Only where one cell can be read in two ways, or the cells contradict one another.
            assert any(point != comma for point, comma in readings)
            return "refused"
        assert any(_is_read_by(found, cells, mark) for mark in ".,"), (found.rows, found.bad)
        return "read"

    campaign.run(st.tuples(COLUMNS, st.sampled_from(SEPARATORS)), check, cases=150)


def _is_read_by(found: WholeTable, cells: list[str], mark: str) -> bool:
    """Whether each number is what its cell says where `mark` is the decimal mark, and none of them is missing
    that is written plainly.
    """
    read_rows = dict(zip(found.lines, (row["x"] for row in found.rows), strict=True))
    for line, cell in enumerate(cells, start=2):
        number = read_number(cell, mark)
        if line not in read_rows:
            # A row is left out for what it may be, not read: that is strict, and never silent.
            if PLAIN[mark].fullmatch(cell.strip()):
                return False
        elif read_rows[line] is None:
            if cell.strip() not in ("", "-", "--", "."):
                return False
        elif number is None or np.float32(number) != np.float32(read_rows[line]):
            return False
    return True


def test_no_bytes_make_the_reader_fail(campaign: Campaign) -> None:
    def check(body: bytes) -> str:
        try:
            found = read(body, SCHEMA)
        except InvalidInput as refusal:
            return _refused(refusal)
        assert found.lines == sorted(set(found.lines))
        assert {row.line for row in found.bad}.isdisjoint(found.lines)
        assert all(row.reason for row in found.bad)
        return "read"

    campaign.run(damaged_tables(), check, cases=150)


def test_no_bytes_make_the_inference_fail(campaign: Campaign) -> None:
    def check(case: tuple[bytes, str | None]) -> str:
        body, target = case
        try:
            found: Any = infer_schema(io.BytesIO(body), target=target, name=None)
        except InvalidInput as refusal:
            return _refused(refusal)
        assert found.document["target"]
        return "inferred"

    campaign.run(st.tuples(damaged_tables(), st.sampled_from(("y", "kind", None))), check, cases=150)
