"""A file that was cut off within a row says so."""

import gzip
import io

import pytest

from functions.core.schema.tables.table import open_table
from functions.core.schema.text.streams import Unpacked
from tests.support.reading import SCHEMA, TITANIC

SAID = "the last line has no end and fewer cells than the header: the file may have been cut off"
HEADER = "pclass,survived,sex,age\n"


def notes(body: bytes) -> tuple[str, ...]:
    return open_table(io.BytesIO(body), SCHEMA, labelled=True).columns_report.notes


@pytest.mark.parametrize("rows", ["1,1,male", "1,1,male,3\n1,0", "1,1,male,3\r\n1,0,fem"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_that_ends_within_a_row_may_have_been_cut_off(rows: str, encoding: str) -> None:
    body = f"{HEADER}{rows}".encode(encoding)
    assert notes(body) == (SAID,)
    assert notes(gzip.compress(body)) == (SAID,)


@pytest.mark.parametrize("rows", ["1,1,male,3", "1,1,male\n", "1,1,male,3\n ", '1,1,"male",', ""])
def test_a_file_that_ends_with_a_row_was_not(rows: str) -> None:
    assert SAID not in notes(f"{HEADER}{rows}".encode())


def test_what_cannot_be_told_is_not_said() -> None:
    assert SAID not in notes(f"{HEADER}1,1".encode("utf-16"))
    assert SAID not in notes(f"{HEADER}1,1,{'x' * 70_000}".encode())
    packed = Unpacked(io.BytesIO(gzip.compress(f"{HEADER}1,1".encode())))
    stream = io.BufferedReader(packed)
    assert SAID not in open_table(stream, SCHEMA, labelled=True).columns_report.notes


def test_wherever_the_shipped_table_is_cut_it_is_said_or_the_rest_is_read_whole() -> None:
    body = TITANIC.read_bytes()
    said = 0
    for cut in range(50_000, 50_200):
        said += SAID in notes(body[:cut])
    # In the last of its columns, an end that is missing cannot be seen.
    assert said > 100
