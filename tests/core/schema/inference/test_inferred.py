"""A schema that is made from a table alone."""

from typing import Any

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.parsing import parse_schema
from tests.support.inferring import ROWS, cycle, fields, infer, table


def kind(*values: object, rows: int = ROWS, name: str = "a") -> tuple[dict[str, Any] | None, list[str]]:
    """What field a column becomes, None where it is ignored; and what is said of it."""
    found = infer(table(**{name: cycle(*values, rows=rows), "b": cycle(1.5, 2.5, 4, rows=rows)}))
    field = fields(found).get(name)
    assert (field is None) == (name in found.document["ignored"])
    if field is not None:
        del field["example"]
    return field, [note for note in found.notes if note.startswith(f"the column {name} ")]


REQUIRED = {"required": True}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2, 3), {"type": "integer", "constraints": REQUIRED}),
        ((0, 1), {"type": "integer", "constraints": REQUIRED}),
        ((1, -2, ""), {"type": "integer"}),
        ((1, 2, "NA", "?"), {"type": "integer"}),
        ((1, 2.5), {"type": "number", "constraints": REQUIRED}),
        (("1.0", "2.0", "nan"), {"type": "number"}),
        ((1e-9, "1e5", 3), {"type": "number", "constraints": REQUIRED}),
        (("1,234,567", "1,200"), {"type": "integer", "constraints": REQUIRED}),
        (("1.234.567", "12,5"), {"type": "number", "constraints": REQUIRED}),
        (("1 200", "35"), {"type": "integer", "constraints": REQUIRED}),
        (("yes", "No"), {"type": "boolean", "constraints": REQUIRED}),
        (("True", "False", ""), {"type": "boolean"}),
        (("t", "f"), {"type": "boolean", "constraints": REQUIRED}),
        (("m", "f"), {"type": "string", "constraints": {**REQUIRED, "enum": ["f", "m"]}}),
        (("b", "a", None), {"type": "string", "constraints": {"enum": ["a", "b"]}}),
        (
            ("0", "1", "2", "3+"),
            {"type": "string", "constraints": {**REQUIRED, "enum": ["0", "1", "2", "3+"]}},
        ),
    ],
)
def test_a_column_becomes_a_field_of_its_type(values: tuple[object, ...], expected: dict[str, Any]) -> None:
    field, _ = kind(*values)
    assert field == {"name": "a", **expected}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((9, 1, 2, "", "NA", 3), 2),
        ((1.5, 100, 2.25), 2.25),
        ((2.0, 2.0, 3.5), 2),
        (("1,5", "2,25", "100,5"), 2.25),
        (("", "basic", "gold", "Gold"), "gold"),
        (("no", "No", "yes"), False),
        (("t", "t", "f"), True),
    ],
)
def test_a_field_has_a_usual_value_as_its_example(values: tuple[object, ...], expected: object) -> None:
    found = infer(table(a=cycle(*values)))
    assert fields(found)["a"]["example"] == expected
    assert type(fields(found)["a"]["example"]) is type(expected)
    assert parse_schema(found.document).example()["a"] == expected


def test_numbers_with_signs_or_units_are_told_whether_ignored_or_taken_for_categories() -> None:
    field, notes = kind(*[f"${1000 * row:,}.50" for row in range(1, 60)], "$2.50")
    assert field is None
    assert notes == [
        "the column a has numbers with $ beside them, such as $1,000.50, and was ignored: without them, it "
        "is a column of numbers"
    ]
    field, notes = kind(*[f"{row} %" for row in range(10)], rows=100)
    assert field is not None
    assert notes == [
        "the column a has numbers with % beside them, such as 0 %, and each is a word of its own: without "
        "them, it is a column of numbers"
    ]
    for words in (["1st", "2nd", "3rd", "4th", "5th", "6th"], ["36 months", "60 months"], ["A1", "A2", "B1"]):
        assert kind(*words, rows=60)[1] == []


def test_a_number_that_is_a_word_in_some_rows_is_said_with_the_words_and_no_number_among_them() -> None:
    field, notes = kind(*[f"-{row}.5" for row in range(57)], "1e5", "+3", "unknown", rows=60)
    assert field is not None
    assert field["type"] == "number"
    assert notes == [
        "the column a is a number in most rows, but not in 1 (unknown), which will be left out; if a word "
        "stands for a missing value, add it to the missingValues of the schema"
    ]


def test_texts_too_long_to_be_remembered_whole_are_no_categories() -> None:
    """Their beginnings would be, which no row has."""
    field, [note] = kind("a" * 150, "b" * 150)
    assert field is None
    assert "is text, with 2 distinct values" in note
    field, _ = kind("a" * 99, "b" * 99)
    assert field is not None
    with pytest.raises(InvalidInput, match="the target y has values of 100 characters and more"):
        infer(table(a=cycle(1, 2, 3), y=cycle("a" * 150, "b" * 150)))


def test_words_that_may_mean_something_are_said_to_be_missing() -> None:
    text = table(
        alley=cycle("Grvl", "None", "Pave", ""), job=cycle("a", "b", "?"), pay=cycle(1, 2, "?", "NA")
    )
    said = [note for note in infer(text).notes if "stands for a missing value" in note]
    assert said == [
        "None stands for a missing value, in the column alley; if it is a category of its own, add it to the "
        "enum in the schema",
        "? stands for a missing value, in columns job, pay; if it is a category of its own, add it to the "
        "enum in the schema",
    ]


def test_words_that_differ_by_case_are_one_in_the_commonest_spelling() -> None:
    field, notes = kind("Male", "Male", "male", "Female")
    assert field is not None
    assert field["constraints"]["enum"] == ["Female", "Male"]
    assert notes == ["the column a has words that differ by case only, such as Male and male: they are one"]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("PassengerId", range(ROWS), "looks like an identifier"),
        ("customer_id", cycle(7, 8, 9), "looks like an identifier"),
        ("uuid", [f"{row:032x}" for row in range(ROWS)], "looks like an identifier"),
        ("a", range(ROWS), "looks like an identifier"),
        ("a", range(1000, 1000 + 3 * ROWS, 3), "looks like an identifier"),
        ("a", [(row * 37) % 61 for row in range(ROWS)], "looks like an identifier"),
        ("a", [10_000_019 + (row * 7919) % 89_999_993 for row in range(ROWS)], "looks like an identifier"),
        ("E-mail", [f"a{row}@example.org" for row in range(ROWS)], "looks like something personal"),
        ("phone", [f"555 {row:04}" for row in range(ROWS)], "looks like something personal"),
        ("a", [f"name {row}" for row in range(ROWS)], "has another text in every row"),
        ("a", [f"name {row % 55}" for row in range(ROWS)], "is text, with 55 distinct values in 60 rows"),
        ("a", [f"2024-01-{1 + row % 28:02}" for row in range(ROWS)], "holds dates or times"),
        ("a", [f"2024-01-{1 + row % 28:02}T10:00:00Z" for row in range(ROWS)], "holds dates or times"),
        ("a", [f"{1 + row % 28}/1/24" for row in range(ROWS)], "holds dates or times"),
        ("a", [f"{1 + row % 28} Jan 2024" for row in range(ROWS)], "holds dates or times"),
        ("a", cycle("10:30", "11:45 PM"), "holds dates or times"),
        ("created_at", cycle(1_700_000_000, 1_700_000_001), "holds dates or times"),
        ("a", cycle(5), "has the same value in every row that has one, 5"),
        ("a", cycle("x", ""), "has the same value in every row that has one, x"),
        ("a", cycle("", "NA"), "has no value in any row"),
    ],
)
def test_what_is_no_feature_is_ignored_and_said(name: str, values: Any, reason: str) -> None:
    values = [*values]
    field, [note] = kind(*values, name=name)
    assert field is None
    assert note.startswith(f"the column {name} {reason}")
    assert "and was ignored" in note


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("HasPhone", cycle("yes", "no")),
        ("phone_service", cycle("Yes", "No", "No internet")),
        ("paid", cycle(1, 2, 3)),
        ("rate", cycle(1, 2, 3)),
        ("year", cycle(2019, 2020, 2021)),
        ("a", [(row * 7919) % 100_003 for row in range(ROWS)]),
        ("a", [row * 1.5 for row in range(ROWS)]),
    ],
)
def test_what_may_say_something_is_kept(name: str, values: list[object]) -> None:
    field, notes = kind(*values, name=name)
    assert field is not None
    assert notes == []


def test_a_large_table_may_have_fifty_categories_and_a_small_one_few() -> None:
    field, _ = kind(*[f"word {number:02}" for number in range(50)], rows=5_000)
    assert field is not None
    assert len(field["constraints"]["enum"]) == 50
    assert kind(*[f"word {number}" for number in range(51)], rows=5_000)[0] is None
    assert kind("a", "b", "c", rows=6)[0] is not None
    assert kind(*"abcdefgh", rows=24)[0] is None


def test_a_number_that_is_a_word_in_some_rows_is_a_number_and_said() -> None:
    field, notes = kind(*[row / 7 for row in range(58)], "unknown", "lost")
    assert field == {"name": "a", "type": "number", "constraints": REQUIRED}
    assert notes == [
        "the column a is a number in most rows, but not in 2 (unknown, lost), which will be left out; if a "
        "word stands "
        "for a missing value, add it to the missingValues of the schema"
    ]


def test_a_name_that_would_move_the_cursor_of_a_terminal_is_shown_as_it_is_written() -> None:
    found = infer('"a\nb","\x1b[31mred",c,y\n' + "1,2,3,0\n2,3,5,1\n" * 30)
    first, second = (note for note in found.notes if "has a name that cannot be printed" in note)
    assert first.startswith(r"the column a\nb has")
    assert second.startswith(r"the column \x1b[31mred has")
    with pytest.raises(InvalidInput, match=r"two columns are called a\\nb; rename"):
        infer('"a\nb","a\nb",y\n1,2,0\n')


def test_a_table_of_the_target_alone_is_refused_with_that() -> None:
    with pytest.raises(InvalidInput, match=r"no column is left to predict y from: the file has no other$"):
        infer("y\n" + "0\n1\n" * 30)


def test_numbers_that_can_be_read_in_two_ways_are_refused_and_texts_are_not() -> None:
    with pytest.raises(InvalidInput, match=r"the column a has 1,200 on line 2, which may be 1200 or 1\.2"):
        kind("1,200", "35")
    assert kind("1,200", "x", "y")[0] is not None


@pytest.mark.parametrize("own", ["prediction_id", "Probability", "representative"])
def test_columns_that_lifeboat_writes_are_no_features(own: str) -> None:
    found = infer(table(**{own: cycle(1, 0), "b": cycle(1, 2, 3)}))
    assert own not in fields(found)
    [note] = [note for note in found.notes if note.startswith(f"the column {own} ")]
    assert ("says by which rows models are measured" in note) == (own == "representative")
    assert "so is no feature" in note or "and so no feature" in note
    assert "; rename it" in note


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("a,y\n", "the file has no rows below its header, which names a, y"),
        ("home.dest,home dest,y\n1,2,1\n", "the columns home.dest and home dest have names that differ by"),
        ("a,a,y\n1,2,1\n", "two columns are called a; rename or delete one of them"),
        ("0.5,1.25,3\n1,2,1\n2,2,2\n", "The first line looks like a row of values"),
        ("a,y\n1,0\n1,1\n", "no column is left to predict y from: .*the column a has the same value"),
        ('a,y\n"1,0\n', "stops being CSV at line 2"),
        (b"PK\x03\x04xl/", "an Excel workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        infer(text, target="y")


def test_a_file_is_read_in_its_format() -> None:
    text = "Größe;Ort;y\n" + "1,5;Köln;ja\n2,5;Bonn;nein\n3;;nein\n" * 20
    found = infer(text.encode("cp1252"))
    assert fields(found)["Größe"] == {
        "name": "Größe",
        "type": "number",
        "example": 2.5,
        "constraints": REQUIRED,
    }
    assert fields(found)["Ort"]["constraints"] == {"enum": ["Bonn", "Köln"]}
    assert "the numbers of the column Größe have a decimal comma" in found.notes
    assert any("Windows-1252" in note for note in found.notes)


def test_zeros_before_whole_numbers_are_said_because_codes_have_them() -> None:
    field, notes = kind("01099", "10115", "80331")
    assert field is not None
    assert field["type"] == "integer"
    assert notes == [
        "the column a has whole numbers with zeros before them, such as 01099, and was taken for a number "
        "without them; if these are codes, have the schema ignore it, or make it a text with its categories"
    ]
    for plain in (("0", "1", "20"), ("0.5", "1.5", "10"), ("1000", "200", "30")):
        assert kind(*plain)[1] == []


def test_rows_that_are_too_wide_are_said() -> None:
    found = infer(table(a=cycle(1, 2, 3)) + "1,2,3\n")
    assert (
        "1 rows have more cells than the header and were left out; the one on line 62 has 3, the header 2"
        in (found.notes)
    )
