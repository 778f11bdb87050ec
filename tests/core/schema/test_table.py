"""Reading CSV as people really save it."""

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from functions.core.schema.passenger import Passenger
from hypothesis import given
from hypothesis import strategies as st

from functions.core.base.errors import InvalidInput
from functions.core.schema.columns import from_cells, to_columns, to_rows
from functions.core.schema.table import BadRow, read_passengers

HEADER = "pclass,survived,name,sex,age,sibsp,parch,fare,embarked"
ROWS = '3,0,"Braund, Mr. Owen",male,22,1,0,7.25,S\n1,1,"Allen, Miss. Elisabeth",female,29,0,0,211.3375,S\n'


@dataclass
class Table:
    passengers: list[dict[str, Any]] = field(default_factory=list)
    survived: list[int] = field(default_factory=list)
    representative: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def features(**row: Any) -> dict[str, Any]:
    """What the graph is given of a passenger."""
    [found] = to_rows(to_columns([Passenger.model_validate(row)]))
    return found


def read(text: str | bytes, *, labelled: bool = True, chunk_rows: int = 10_000) -> Table:
    """All chunks of `text` as one."""
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    whole = Table()
    for chunk in read_passengers(stream, labelled=labelled, chunk_rows=chunk_rows):
        whole.passengers += to_rows(chunk.columns)
        whole.survived += chunk.survived
        whole.representative += chunk.representative
        whole.lines += chunk.lines
        whole.bad += chunk.bad
    return whole


EXPECTED = read(f"{HEADER}\n{ROWS}")


def test_a_plain_file_is_read_in_order() -> None:
    assert EXPECTED.survived == [0, 1]
    assert EXPECTED.lines == [2, 3]
    assert [passenger["title"] for passenger in EXPECTED.passengers] == ["Mr", "Miss"]
    assert EXPECTED.passengers[1]["fare"] == pytest.approx(211.3375)
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
    assert found.passengers == [features(pclass=2, sex="female")]


@pytest.mark.parametrize("empty", ["", " ", "NA", "nan", "NULL", "?", "None"])
def test_an_empty_cell_is_missing(empty: str) -> None:
    found = read(f"pclass,sex,age,sibsp,survived\n1,male,{empty},{empty},1\n")
    assert found.passengers == [features(pclass=1, sex="male")]


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
    assert [len(chunk.lines) + len(chunk.bad) for chunk in chunks] == [10, 10, 5]
    whole, parts = read(text), read(text, chunk_rows=10)
    assert parts.lines == whole.lines
    assert parts.bad == whole.bad


def test_without_labels_the_outcome_is_passed_over() -> None:
    found = read("pclass,sex,survived,representative\n1,male,what,ever\n", labelled=False)
    assert len(found.passengers) == 1
    assert (found.survived, found.representative, found.bad) == ([], [], [])
    assert read("pclass,sex\n1,male\n", labelled=False).survived == []


# With NA not all cells are plain: the table is not read at once, but row by row.
@pytest.mark.parametrize("age", ["22", "NA"])
def test_a_row_says_whether_it_is_representative(age: str) -> None:
    found = read(f"pclass,sex,survived,age,Representative\n1,male,1,{age},1\n2,male,0,30,0\n3,male,1,4, 1\n")
    assert (found.survived, found.representative, found.bad) == ([1, 0, 1], [1, 0, 1], [])
    assert found.passengers[1] == features(pclass=2, sex="male", age=30)


@pytest.mark.parametrize("age", ["22", "NA"])
def test_where_nothing_is_said_every_row_is_representative(age: str) -> None:
    assert read(f"pclass,sex,survived,age\n1,male,0,{age}\n2,male,0,30\n").representative == [1, 1]


@pytest.mark.parametrize("cell", ["", "2", "0.5", "-1", "yes", "NA", "true"])
def test_a_row_that_says_it_otherwise_is_a_bad_one(cell: str) -> None:
    found = read(f"pclass,sex,survived,representative\n1,male,0,{cell}\n2,male,0,0\n")
    assert found.bad == [BadRow(2, "representative", "Input should be 0 or 1")]
    assert (found.lines, found.survived, found.representative) == ([3], [0], [0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("pclass,survived\n1,1\n", "no column sex"),
        ("sex,age\nmale,1\n", "no column pclass and no column survived"),
        ("pclass,sex,survived,Sex\n", "sex stands twice"),
        ("pclass,sex,survived,representative,REPRESENTATIVE\n", "representative stands twice"),
        ('pclass,sex,survived\n1,male,"' + "x" * 200_000, "stops being CSV at line 2"),
        (b"\x00\x01\x02" * 1000, "no column pclass"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read(text)


CELLS: dict[str, st.SearchStrategy[str]] = {
    "pclass": st.sampled_from(["1", "2", "3", "3.0", "", "4", "1.5", "x"]),
    "sex": st.sampled_from(["male", "female", "", "Male"]),
    "age": st.sampled_from(
        ["29", "0.92", "", "-0", "120", "120.00001", "-1", "NA", "1e1", "2_9", "nan", "1e400"]
    ),
    "sibsp": st.sampled_from(["0", "1.0", "20", "", "21", "0.5", "+3"]),
    "parch": st.sampled_from(["0", "2", "", ".", "\u0663"]),
    "fare": st.sampled_from(["7.25", "1000000", "1000000.01", "", "-0.0", "inf", "1e-50"]),
    "embarked": st.sampled_from(["S", "C", "Q", "", "X", "?"]),
    "title": st.sampled_from(["Mr", "Mrs", "", "mlle", "Dr", "King"]),
    "name": st.sampled_from(["", "Braund, Mr. Owen", "Dodge, Dr. W", "A" * 200, "A" * 201, "NA"]),
}
PLAIN: dict[str, st.SearchStrategy[str]] = {
    "pclass": st.sampled_from("123"),
    "sex": st.sampled_from(["male", "female"]),
    "age": st.floats(0, 120).map(str) | st.just(""),
    "sibsp": st.integers(0, 20).map(str),
    "parch": st.integers(0, 20).map(str) | st.just(""),
    "fare": st.floats(0, 1e6).map(str),
    "embarked": st.sampled_from(["S", "C", "Q", ""]),
}


@given(st.lists(st.fixed_dictionaries(PLAIN) | st.fixed_dictionaries(CELLS), min_size=1, max_size=4))
def test_a_table_read_at_once_is_the_one_read_passenger_by_passenger(rows: list[dict[str, str]]) -> None:
    rows = [{name: row.get(name, "") for name in CELLS} for row in rows]
    found = from_cells({name: [row[name] for row in rows] for name in CELLS})
    if found is None:
        return
    # A missing cell is an absent field; the others are what JSON would hold.
    numbers = {"pclass", "age", "sibsp", "parch", "fare"}
    passengers = [
        Passenger.model_validate(
            {name: float(cell) if name in numbers else cell for name, cell in row.items() if cell}
        )
        for row in rows
    ]
    for name, tensor in to_columns(passengers).items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype


@pytest.mark.parametrize("name", sorted(CELLS))
def test_plain_cells_are_read_at_once(name: str) -> None:
    cells = {"pclass": ["3"], "sex": ["male"]}
    plain = {"title": "Mr", "name": "Braund, Mr. Owen", "sex": "female", "embarked": "S"}
    assert from_cells(cells | {name: [plain.get(name, "1")]}) is not None


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("pclass", ""),
        ("pclass", "4"),
        ("sex", ""),
        ("age", "120.00001"),
        ("age", "nan"),
        ("age", "2_9"),
        ("fare", "inf"),
        ("fare", "1e400"),
        ("fare", "."),
        ("sibsp", "0.5"),
        ("embarked", "X"),
        ("title", "mlle"),
        ("name", "A" * 201),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_passenger(name: str, cell: str) -> None:
    assert from_cells({"pclass": ["3"], "sex": ["male"]} | {name: [cell]}) is None
