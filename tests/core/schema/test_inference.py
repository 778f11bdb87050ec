"""A schema that is made from a table alone."""

import csv
import io
import random
import time
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer

from functions.core.base.errors import InvalidInput
from functions.core.schema.inference import Inferred, infer_schema
from functions.core.schema.parsing import parse_schema
from tests.support.arff import openml_csv
from tests.support.reading import TITANIC, read

ROWS = 60


def infer(text: str | bytes, *, target: str | None = None, name: str | None = None) -> Inferred:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return infer_schema(stream, target=target, name=name)


def table(**columns: list[object]) -> str:
    """A table with these columns, and the target `y`: 0 in two rows of three."""
    rows = len(next(iter(columns.values())))
    columns.setdefault("y", [int(row % 3 == 0) for row in range(rows)])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def cycle(*values: object, rows: int = ROWS) -> list[object]:
    return [values[row % len(values)] for row in range(rows)]


def fields(found: Inferred) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in found.document["fields"]}


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


# The target


def choose(*values: object, header: str = "y", **keys: str | None) -> Inferred:
    return infer(table(**{"a": cycle(1, 2, 3, 4), header: cycle(*values)}), **keys)


def one_of(*values: object, type_: str = "string") -> dict[str, Any]:
    return {"name": "y", "type": type_, "constraints": {"enum": [*values]}}


@pytest.mark.parametrize(
    ("values", "field", "positive", "because"),
    [
        ((0, 1), one_of(0, 1, type_="integer"), 1, "as the greater"),
        (("0.0", "1.0"), one_of(0, 1, type_="integer"), 1, "as the greater"),
        ((-1, 1), one_of(-1, 1, type_="integer"), 1, "as the greater"),
        ((1, 1, 2), one_of(1, 2, type_="integer"), 2, "as the rarer one"),
        ((2.5, 2.5, 1), one_of(1, 2.5, type_="number"), 1, "as the rarer one"),
        (("True", "False"), {"name": "y", "type": "boolean"}, True, "by its meaning"),
        (("no", "Yes", "yes", "Yes"), one_of("Yes", "no"), "Yes", "by its meaning"),
        (("M", "B", "B"), one_of("B", "M"), "M", "as the rarer one"),
        (("benign", "malignant"), one_of("benign", "malignant"), "malignant", "by its meaning"),
        (("good", "good", "bad"), one_of("bad", "good"), "bad", "as the rarer"),
        (("paid", "paid", "not paid"), one_of("not paid", "paid"), "paid", "as not paid is its opposite"),
        (("<=50K", ">50K"), one_of("<=50K", ">50K"), ">50K", "as the greater"),
        (("+", "-"), one_of("+", "-"), "+", "by its meaning"),
        (("a", "b"), one_of("a", "b"), "b", "as the last in order"),
    ],
)
def test_the_target_is_one_of_two_values(
    values: tuple[object, ...], field: dict[str, Any], positive: object, because: str
) -> None:
    found = choose(*values)
    assert fields(found)["y"] == field
    assert found.document["target"] == {"field": "y", "positive": positive}
    [note] = [note for note in found.notes if note.startswith("of the target y, ")]
    assert f"{positive} counts as yes, {because}" in note
    assert "target.positive" in note
    assert parse_schema(found.document).target.code(positive) == 1


def test_the_target_may_be_named_in_any_spelling() -> None:
    for header, target in (("Is Churned", "is_churned"), ("y", "Y")):
        assert choose(0, 1, header=header, target=target).document["target"]["field"] == header


def test_a_target_that_is_none_of_the_columns_is_refused_with_the_columns() -> None:
    with pytest.raises(InvalidInput, match="the file has no column churn to predict; its columns are: a, y"):
        choose(0, 1, target="churn")


@pytest.mark.parametrize("header", ["target", "Label", "CLASS", "outcome", "y", "churn"])
def test_without_a_target_a_name_may_say_it(header: str) -> None:
    assert choose(0, 1, header=header, name="churn").document["target"]["field"] == header


def test_the_name_of_the_model_says_more_than_other_names_and_two_values_more_than_a_name() -> None:
    text = table(class_=cycle(0, 1), churn=cycle(1, 0), y=cycle(1.5, 2, 3)).replace("class_", "class")
    assert infer(text, name="churn").document["target"]["field"] == "churn"
    assert infer(text).document["target"]["field"] == "class"


def test_without_a_sign_it_is_asked_which_column_is_to_be_predicted() -> None:
    with pytest.raises(InvalidInput) as refused:
        infer(
            table(a=cycle(1, 2, 3), won=cycle("a", "b"), b=cycle(0, 1), y=cycle(1, 2)).replace("y\r", "z\r")
        )
    assert str(refused.value) == (
        "which column is to be predicted? Of the columns, these have exactly two values: won, b, z; name it "
        "with `--target` (of make: TARGET=...), or in the object's metadata `target`"
    )
    with pytest.raises(InvalidInput, match="Of the columns, none has two values"):
        infer("a,b\n1,x\n2,y\n3,z\n")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("yes",), "the target y has one value only, yes; to learn from, rows of both outcomes are needed"),
        (("", "NA"), "the target y has no value in any row"),
        (("a", "b", "c"), "the target y has 3 distinct values, such as a, b, c; only one of two values"),
        (
            (1.5, 2.5, 3.5),
            "the target y has 3 distinct numbers, such as 1.5, 2.5, 3.5; a number cannot be predicted",
        ),
        (
            tuple(range(60)),
            "the target y has 60 distinct numbers, such as 0, 1, 2, 3, 4; a number cannot be predicted",
        ),
    ],
)
def test_a_target_of_more_or_fewer_values_is_refused(values: tuple[object, ...], reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(*values)
    assert reason in str(refused.value)


def test_rows_without_an_outcome_are_counted() -> None:
    found = choose(0, 1, "", 1)
    assert "the target y is missing in 15 rows, which are too many to train; delete them from the file" in (
        found.notes
    )
    found = infer(table(a=cycle(1, 2, 3), y=[*cycle(0, 1, rows=ROWS - 1), ""]))
    assert "the target y is missing in 1 rows, which will be left out" in found.notes


@pytest.mark.parametrize("name", ["model", "row", "explanation"])
def test_a_target_with_the_name_of_a_key_of_answers_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"target {name}: answers have a key of that name already"):
        choose(0, 1, header=name, target=name)


# Files


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


def test_rows_that_are_too_wide_are_said() -> None:
    found = infer(table(a=cycle(1, 2, 3)) + "1,2,3\n")
    assert (
        "1 rows have more cells than the header and were left out; the one on line 62 has 3, the header 2"
        in (found.notes)
    )


# Real tables


def test_the_titanic_is_inferred_and_read_by_what_was_inferred() -> None:
    body = TITANIC.read_bytes()
    found = infer(body, target="Survived", name="titanic")
    assert {name: (field["type"], field.get("constraints")) for name, field in fields(found).items()} == {
        "pclass": ("integer", REQUIRED),
        "survived": ("integer", {"enum": [0, 1]}),
        "sex": ("string", {**REQUIRED, "enum": ["female", "male"]}),
        "age": ("number", None),
        "sibsp": ("integer", REQUIRED),
        "parch": ("integer", REQUIRED),
        "fare": ("number", None),
        "embarked": ("string", {"enum": ["C", "Q", "S"]}),
        "boat": ("string", {"enum": fields(found)["boat"]["constraints"]["enum"]}),
    }
    assert found.document["ignored"] == ["name", "ticket", "cabin", "body", "home.dest"]
    rows = read(body, parse_schema(found.document))
    assert (len(rows.rows), sum(rows.outcomes), rows.bad) == (1309, 500, [])


def test_breast_cancer_is_inferred() -> None:
    data = load_breast_cancer()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*data.feature_names, "target"])
    writer.writerows(
        [*row, target] for row, target in zip(data.data.tolist(), data.target.tolist(), strict=True)
    )
    found = infer(text.getvalue())
    assert len(found.document["fields"]) == 31
    assert {field["type"] for field in found.document["fields"]} == {"number", "integer"}
    rows = read(text.getvalue(), parse_schema(found.document))
    assert (len(rows.rows), sum(rows.outcomes), rows.bad) == (569, 357, [])
    assert rows.rows[0]["mean radius"] == pytest.approx(17.99)


@pytest.mark.parametrize(
    ("number", "target", "positive", "rows"),
    [
        (1119, "class", ">50K", 10),
        (1590, "class", ">50K", 10),
        (3, "class", "won", 3196),
        (40675, "class", 1, 163),
    ],
)
def test_tables_of_openml_are_inferred(number: int, target: str, positive: object, rows: int) -> None:
    body = openml_csv(number)
    found = infer(body)
    assert found.document["target"] == {"field": target, "positive": positive}
    whole = read(body, parse_schema(found.document))
    assert (len(whole.rows) > 0, whole.bad) == (True, [])
    assert len(whole.rows) <= rows


def test_penguins_have_three_species_and_two_sexes() -> None:
    body = openml_csv(42585)
    with pytest.raises(
        InvalidInput, match="species has 3 distinct values, such as Adelie, Gentoo, Chinstrap"
    ):
        infer(body, target="species")
    with pytest.raises(InvalidInput, match="which column is to be predicted"):
        infer(body)


# Bounds


@pytest.mark.long
def test_a_million_cells_are_read_in_bounded_time() -> None:
    random.seed(0)  # The same cells each time: no secret, hence no S311.
    rows = "".join(
        f"{row},{random.random()},{random.choice('abc')},x{random.random()},{row % 2}\n"  # noqa: S311
        for row in range(100_000)
    )
    begins = time.perf_counter()
    found = infer(f"id,a,b,c,y\n{rows}")
    assert time.perf_counter() - begins < 20
    assert [*fields(found)] == ["a", "b", "y"]


@pytest.mark.parametrize("alphabet", ["1", "1-", "1/", "1:", "jan ", "1 jan", "a", " ", "1 1"])
def test_no_cell_takes_long(alphabet: str) -> None:
    cell = alphabet * (64_000 // len(alphabet)) + "x"
    begins = time.perf_counter()
    infer(table(a=cycle(cell, "b"), b=cycle(1, 2, 3)))
    assert time.perf_counter() - begins < 2
