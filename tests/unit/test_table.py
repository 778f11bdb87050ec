"""Reading CSV as people really save it."""

import io

import pytest

from functions.core.errors import InvalidInput
from functions.core.passenger import Passenger
from functions.core.table import Chunk, read_passengers

HEADER = "pclass,survived,name,sex,age,sibsp,parch,fare,embarked"
ROWS = '3,0,"Braund, Mr. Owen",male,22,1,0,7.25,S\n1,1,"Allen, Miss. Elisabeth",female,29,0,0,211.3375,S\n'


def read(text: str | bytes, *, labelled: bool = True, chunk_rows: int = 10_000) -> Chunk:
    """All chunks of `text` as one."""
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    whole = Chunk()
    for chunk in read_passengers(stream, labelled=labelled, chunk_rows=chunk_rows):
        whole.passengers += chunk.passengers
        whole.survived += chunk.survived
        whole.lines += chunk.lines
        whole.bad += chunk.bad
    return whole


EXPECTED = read(f"{HEADER}\n{ROWS}")


def test_a_plain_file_is_read_in_order() -> None:
    assert EXPECTED.survived == [0, 1]
    assert EXPECTED.lines == [2, 3]
    assert [passenger.title for passenger in EXPECTED.passengers] == ["Mr", "Miss"]
    assert EXPECTED.passengers[1].fare == pytest.approx(211.3375)
    assert not EXPECTED.bad


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\n{ROWS}".encode(),
        f"{HEADER}\n{ROWS}".replace("\n", "\r\n").encode(),
        f"\n{HEADER}\n\n{ROWS}\n\n".encode(),
        f"{HEADER},boat\n{ROWS}".replace("S\n", "S,11\n").encode(),
        f"{HEADER.upper()}\n{ROWS}".encode(),
        f"{HEADER}\n{ROWS}".rstrip("\n").encode(),
        f"{HEADER}\n{ROWS}".replace("S\n", "S,\n").encode(),
        f"{HEADER}\n{ROWS},,,,,,,,\n  \n".encode(),
        f'"a; b; c; d; e; f; g; h; i; j",{HEADER}\n'.encode()
        + ROWS.replace("3,0", "x,3,0").replace("1,1", "x,1,1").encode(),
    ],
    ids=[
        "BOM",
        "CRLF",
        "blank lines",
        "extra column",
        "upper case",
        "no last newline",
        "trailing commas",
        "empty rows",
        "a header with semicolons",
    ],
)
def test_the_same_table_in_another_dress_reads_the_same(text: bytes) -> None:
    found = read(text)
    assert found.passengers == EXPECTED.passengers
    assert not found.bad


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolon_and_tab_come_with_decimal_commas(separator: str) -> None:
    text = f"{HEADER}\n{ROWS}".replace('"Braund, Mr. Owen"', "Braund# Mr. Owen")
    text = text.replace('"Allen, Miss. Elisabeth"', "Allen# Miss. Elisabeth")
    text = text.replace(",", separator).replace("#", ",").replace(".25", ",25").replace(".3375", ",3375")
    assert read(text).passengers == EXPECTED.passengers


def test_columns_may_come_in_any_order() -> None:
    found = read("Sex;Survived;Pclass\nfemale;1;2\n")
    assert found.passengers == [Passenger(pclass=2, sex="female")]


@pytest.mark.parametrize("empty", ["", " ", "NA", "nan", "NULL", "?", "None"])
def test_an_empty_cell_is_missing(empty: str) -> None:
    found = read(f"pclass,sex,age,sibsp,survived\n1,male,{empty},{empty},1\n")
    assert found.passengers == [Passenger(pclass=1, sex="male")]


def test_a_bad_row_is_named_by_line_column_and_reason_and_the_others_are_read() -> None:
    text = (
        'pclass,survived,sex,age,name\n3,0,male,22,"two\nlines"\n9,0,male,22,x\n1,2,female,30,x\n'
        "1,,female,30,x\n1,1,female\n1,1,female,2_9,x\n1,1,female,inf,x\n2,1,female,33,x\n1,1,female,1,x,y\n"
    )
    found = read(text)
    assert found.lines == [2, 10]
    assert found.survived == [0, 1]
    assert [(bad.line, bad.column) for bad in found.bad] == [
        (4, "pclass"),
        (5, "survived"),
        (6, "survived"),
        (7, ""),
        (8, "age"),
        (9, "age"),
        (11, ""),
    ]
    assert all(bad.reason for bad in found.bad)


def test_chunks_end_where_they_should_and_lose_nothing() -> None:
    text = "pclass,survived,sex\n" + "".join(f"{1 + row % 4},{row % 2},male\n" for row in range(25))
    chunks = list(read_passengers(io.BytesIO(text.encode()), labelled=True, chunk_rows=10))
    assert [len(chunk.passengers) + len(chunk.bad) for chunk in chunks] == [10, 10, 5]
    whole, parts = read(text), read(text, chunk_rows=10)
    assert parts.lines == whole.lines
    assert parts.bad == whole.bad


def test_without_labels_the_outcome_is_passed_over() -> None:
    assert len(read("pclass,sex,survived\n1,male,what\n", labelled=False).passengers) == 1
    assert read("pclass,sex\n1,male\n", labelled=False).survived == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("pclass,survived\n1,1\n", "no column sex"),
        ("sex,age\nmale,1\n", "no column pclass and no column survived"),
        ("pclass,sex,survived,Sex\n", "sex stands twice"),
        ('pclass,sex,survived\n1,male,"' + "x" * 200_000, "stops being CSV at line 2"),
        (b"\x00\x01\x02" * 1000, "no column pclass"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read(text)
