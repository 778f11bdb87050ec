"""Reading tables as people really save them, by their schema."""

import io
import time
import tracemalloc

import numpy as np
import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.tables.chunks import BadRow
from functions.core.schema.tables.table import open_table
from tests.support.reading import HEADER, PLAIN, SCHEMA, features, read, schema_of

EXPECTED = read(PLAIN)


def test_a_plain_file_is_read_in_order() -> None:
    assert EXPECTED.outcomes == [0, 1]
    assert EXPECTED.lines == [2, 3]
    assert [row["title"] for row in EXPECTED.rows] == ["Mr", "Miss"]
    assert EXPECTED.rows[0] == features(
        pclass=3, sex="male", age=22, sibsp=1, parch=0, fare=7.25, embarked="S", title="Mr"
    )
    assert EXPECTED.rows[1]["fare"] == pytest.approx(211.3375)
    assert not EXPECTED.bad
    assert EXPECTED.report.used["name"] == "name"
    assert EXPECTED.report.used["survived"] == "survived"
    assert (EXPECTED.report.passed_over, EXPECTED.report.missing, EXPECTED.report.notes) == ((), (), ())


@pytest.mark.parametrize(
    "empty", ["", " ", "NA", "nan", "NULL", "?", "None", "n/a", "#N/A", "-", "\\N", "<NA>"]
)
def test_an_empty_cell_is_missing(empty: str) -> None:
    found = read(f"pclass,sex,age,sibsp,embarked,survived\n1,male,{empty},{empty},{empty},1\n")
    assert found.rows == [features(pclass=1, sex="male")]
    assert found.report.missing == ("parch", "fare", "title")


def test_a_category_that_the_schema_lists_is_one_even_if_it_says_that_there_is_none() -> None:
    schema = schema_of(a={"type": "string", "constraints": {"enum": ["None", "Brick"]}}, b={"type": "number"})
    found = read("a,b,y\nNone,1,0\nNA,1,1\nbrick,None,1\n", schema)
    assert [row["a"] for row in found.rows] == ["None", None, "Brick"]
    assert [row["b"] for row in found.rows] == [1, 1, None]


def test_a_bad_row_is_named_by_line_column_and_reason_and_the_others_are_read() -> None:
    text = (
        'Pclass,survived,sex,age,name\n3,0,male,22,"two\nlines"\n9,0,male,22,x\n1,2,female,30,x\n'
        "1,,female,30,x\n1,1,female\n1\n1,1,female,2_9,x\n1,1,female,inf,x\n2,1,female,33,x\n"
        f"1,1,female,1,x,y\n1,1,female,1,{'x' * 201}\n,0,woman,121,x\n"
    )
    found = read(text)
    assert found.lines == [2, 7, 11]
    assert found.outcomes == [0, 1, 1]
    assert found.bad == [
        BadRow(4, "Pclass", "must be 1, 2 or 3"),
        BadRow(5, "survived", "must be false or true"),
        BadRow(6, "survived", "has no value, and must be false or true"),
        BadRow(8, "survived", "has no value, and must be false or true"),
        BadRow(9, "age", "must be a number from 0 to 120"),
        BadRow(10, "age", "must be a number from 0 to 120"),
        BadRow(12, "", "has 6 cells, the header 5"),
        BadRow(13, "name", "must have at most 200 characters"),
        BadRow(14, "Pclass", "is required"),
    ]


def test_words_that_are_no_category_are_counted() -> None:
    found = read("pclass,sex,embarked,survived\n1,x,S,1\n1,x,Z,1\n1,diverse,,1\n1,male,S,1\n")
    assert found.lines == [5]
    assert found.unknown == [{"sex": {"x": 2, "diverse": 1}, "embarked": {"Z": 1}}]


def test_chunks_end_where_they_should_and_lose_nothing() -> None:
    text = "pclass,survived,sex\n" + "".join(f"{1 + row % 4},{row % 2},male\n" for row in range(25))
    chunks = [*open_table(io.BytesIO(text.encode()), SCHEMA, labelled=True, chunk_rows=10)]
    assert [len(chunk.lines) + len(chunk.bad) for chunk in chunks] == [10, 10, 5]
    whole, parts = read(text), read(text, chunk_rows=10)
    assert (parts.lines, parts.bad, parts.rows) == (whole.lines, whole.bad, whole.rows)


def test_a_table_can_be_gone_through_again() -> None:
    found = open_table(io.BytesIO(PLAIN.encode()), SCHEMA, labelled=True)
    assert [chunk.lines for chunk in found] == [chunk.lines for chunk in found] == [[2, 3]]
    next(iter(found))
    assert [chunk.lines for chunk in found] == [[2, 3]]


def test_a_header_alone_has_no_chunk() -> None:
    assert [*open_table(io.BytesIO(HEADER.encode()), SCHEMA, labelled=True)] == []


def test_tensors_are_those_of_the_graph() -> None:
    [chunk] = open_table(io.BytesIO(PLAIN.encode()), SCHEMA, labelled=True)
    assert {name: (tensor.dtype, tensor.shape) for name, tensor in chunk.columns.items()} == {
        field.name: (np.dtype(object) if field.type == "string" else np.dtype(np.float32), (2, 1))
        for field in SCHEMA.features
    }


def test_without_labels_the_outcome_is_passed_over() -> None:
    found = read("pclass,sex,survived,representative\n1,male,what,ever\n", labelled=False)
    assert len(found.rows) == 1
    assert (found.outcomes, found.representative, found.bad) == ([], [1], [])
    assert found.report.passed_over == ("survived", "representative")
    assert read("pclass,sex\n1,male\n", labelled=False).lines == [2]


def test_a_row_says_whether_it_is_representative() -> None:
    found = read("pclass,sex,survived,Representative\n1,male,1,1\n2,male,0,0\n3,male,1, 1\n3,male,1,1.0\n")
    assert (found.outcomes, found.representative, found.bad) == ([1, 0, 1, 1], [1, 0, 1, 1], [])
    assert read("pclass,sex,survived\n1,male,0\n2,male,0\n").representative == [1, 1]


@pytest.mark.parametrize("cell", ["", "2", "0.5", "-1", "yes", "NA", "true"])
def test_a_row_that_says_it_otherwise_is_a_bad_one(cell: str) -> None:
    found = read(f"pclass,sex,survived,representative\n1,male,0,{cell}\n2,male,0,0\n")
    assert found.bad == [BadRow(2, "representative", "must be 0 or 1")]
    assert (found.lines, found.outcomes, found.representative) == ([3], [0], [0])


def test_a_title_is_taken_from_the_name_where_its_own_cell_is_empty() -> None:
    found = read(
        "pclass,sex,survived,title,name\n"
        '1,male,1,,"Rose, Master. A"\n1,male,1,Mr,"Rose, Master. A"\n1,male,1,NA,x\n1,male,1,dr,"R, Dr. A"\n'
        f"1,male,1,Mr,{'x' * 201}\n1,male,1,King,\n"
    )
    assert [row["title"] for row in found.rows] == ["Master", "Mr", None, None]
    assert [(bad.line, bad.column) for bad in found.bad] == [(6, "name"), (7, "title")]


def test_a_required_category_may_be_derived() -> None:
    required = {"constraints": {"enum": ["Mr", "Mrs", "Miss", "Master"], "required": True}}
    fields = [
        {**field, **required} if field["name"] == "title" else field for field in SCHEMA.document["fields"]
    ]
    schema = parse_schema({**SCHEMA.document, "fields": fields, "expectations": []})
    found = read('pclass,sex,survived,name\n1,male,1,"Rose, Mr. A"\n1,male,1,Rose\n', schema)
    assert (found.lines, found.bad) == ([2], [BadRow(3, "name", "is required")])
    with pytest.raises(InvalidInput, match="no column title"):
        read("pclass,sex,survived\n1,male,1\n", schema)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty; it needs a header line and rows"),
        ("\n\n", "the file is empty; it needs a header line and rows"),
        ("\ufeff", "the file is empty; it needs a header line and rows"),
        ("sep=;\n", "the file is empty; it needs a header line and rows"),
        (
            "pclass,survived,years\n1,1,2\n",
            "the header has no column sex; its columns are: pclass, survived, years. Add what is missing, "
            "or name the "
            "column in the header as the schema does; to train without it, take it out of the schema",
        ),
        ("sex,age\nmale,1\n", "no column pclass and no column survived; its columns are: sex, age"),
        ("pclass sex survived\n1 male 1\n", "Separate columns by a comma, a semicolon, a tab or a pipe"),
        ("1,male,0\n2,female,1\n", "its columns are: 1, male, 0. The first line looks like a row of values"),
        ("pclass,sex,survived,sex\n", "the column sex stands twice in the header; delete one of them"),
        ("pclass,sex,survived,Gender\n", "the columns sex and Gender are both sex; delete one of them"),
        ("pclass,sex,survived,Survival\n", "the columns survived and Survival are both survived"),
        ("pclass,sex,survived,representative,REPRESENTATIVE\n", "are both representative"),
        (
            ",".join(f"c{number}" for number in range(10_001)),
            "the header names 10,001 columns; at most 10,000",
        ),
        ("{" + '"pclass": 1}', "the file is JSON, not a table as CSV"),
        (b"\x00\x01\x02" * 1000, "the file is binary"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ('1,male,"x\n2,male,0\n', "stops being CSV at line 2: a quote that is opened there is never closed"),
        ('1,male,"' + "x" * 200_000, "stops being CSV at line 2: a cell has more than 131,072 characters"),
        (
            '1,male,0\n"a\nb",male,0\n1,"male"x,0\n',
            'at line 5: text follows a closing quote; .* written twice, ""',
        ),
    ],
)
def test_where_a_file_stops_being_csv_is_told(rows: str, reason: str) -> None:
    opened = open_table(io.BytesIO(f"pclass,sex,survived\n{rows}".encode()), SCHEMA, labelled=True)
    with pytest.raises(InvalidInput, match=reason):
        list(opened)


def test_columns_of_numbers_with_separators_are_read_as_they_are_meant() -> None:
    found = read('pclass,sex,fare,survived\n1,male,"1,200",1\n1,male,"1,234.5",0\n1,male,35,0\n')
    assert [row["fare"] for row in found.rows] == [1200, 1234.5, 35]
    assert found.report.notes == ("commas in the column fare stand between thousands",)
    found = read("pclass;sex;Passenger Fare;survived\n1;male;1.200;1\n1;male;7,25;0\n")
    assert [row["fare"] for row in found.rows] == [1200, 7.25]
    assert found.report.notes == ("the numbers of the column Passenger Fare have a decimal comma",)
    found = read("pclass,sex,fare,survived\n1,male,1 200,1\n1,male,1'300.5,1\n1,male,12 5,1\n")
    assert [row["fare"] for row in found.rows] == [1200, 1300.5]
    assert [bad.line for bad in found.bad] == [4]


def test_a_number_format_is_decided_by_the_last_row_of_a_file_before_the_first_is_read() -> None:
    rows = 'pclass,sex,fare,survived\n1,male,"1,200",1\n' + "1,male,35,1\n" * 30_000
    with pytest.raises(InvalidInput) as refused:
        read(rows)
    assert str(refused.value) == (
        "the column fare has 1,200 on line 2, which may be 1200 or 1.2: no other cell of the column decides; "
        "write 1200 or 1.2"
    )
    assert read(rows + '1,male,"12,5",0\n').rows[0]["fare"] == pytest.approx(1.2)
    assert read(rows + '1,male,"1,234.5",0\n').rows[0]["fare"] == 1200
    with pytest.raises(
        InvalidInput, match="fare has 12,5 on line 30003, where the comma is the decimal mark"
    ):
        read(rows + '1,male,"12,5",0\n1,male,7.25,0\n')


def test_a_decimal_comma_is_never_taken_for_a_separator() -> None:
    found = read("pclass,sex,age,fare,survived\n1,male,22,7,25,1\n3,male,30,8,5,0\n")
    assert found.rows == []
    assert found.bad[0] == BadRow(2, "", "has 6 cells, the header 5")
    found = read("age,fare,sex,pclass,survived\n22,7,25,male,1,1\n30,8,5,male,1,0\n")
    assert (found.rows, len(found.bad)) == ([], 2)


def test_a_short_row_lacks_its_last_cells() -> None:
    found = read("pclass,survived,age,sex,fare\n1,1,22,male\n1,0,,male\n1,1\n1\n")
    assert found.rows == [features(pclass=1, sex="male", age=22), features(pclass=1, sex="male")]
    assert [(bad.line, bad.column) for bad in found.bad] == [(4, "sex"), (5, "survived")]


def test_a_numeric_target_may_have_a_decimal_comma() -> None:
    fields = [
        {"name": "a", "type": "number"},
        {"name": "y", "type": "integer", "constraints": {"enum": [1, 2]}},
    ]
    schema = parse_schema({"fields": fields, "target": {"field": "y", "positive": 2}})
    assert read("a;y\n1,5;1,0\n2;2,0\n3;3\n", schema).outcomes == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        b"ab," * 10_000_000,
        b"pclass,sex,survived\n" + b"ab," * 10_000_000,
        pytest.param(b"pclass,sex,survived\n" + b'"a\n",' * 1_500_000, marks=pytest.mark.long),
        b"pclass,sex,survived\n" + b'"' + b"a\n" * 15_000_000,
        b"\n" * 30_000_000,
        pytest.param(
            b"pclass,sex,survived\n" + (b"1,male,0" + b",ab" * 300_000 + b"\n") * 3, marks=pytest.mark.long
        ),
    ],
    ids=[
        "a line",
        "a second line",
        "a row of many lines",
        "a cell of many lines",
        "blank lines",
        "wide rows",
    ],
)
def test_the_memory_that_a_file_takes_is_bounded(body: bytes) -> None:
    stream = io.BytesIO(body)
    tracemalloc.start()
    try:
        try:
            for _ in open_table(stream, SCHEMA, labelled=True):
                pass
        except InvalidInput:
            pass
        assert tracemalloc.get_traced_memory()[1] < 600_000_000
    finally:
        tracemalloc.stop()


def test_cells_that_are_all_different_do_not_fill_the_memory() -> None:
    rows = "".join(f"1,male,0,{number},{number / 7}\n" for number in range(100_000))
    begins = time.perf_counter()
    found = read(f"pclass,sex,survived,note,fare\n{rows}")
    assert len(found.rows) == 100_000
    assert time.perf_counter() - begins < 20
