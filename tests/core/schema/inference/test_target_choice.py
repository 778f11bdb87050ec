"""Which column of a table without a schema is predicted, and which of its values is the positive one."""

from typing import Any

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.inference.inferred import Inferred
from tests.support.inferring import ROWS, cycle, fields, infer, table


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


def test_where_no_column_has_two_values_the_nearest_are_told_and_what_is_needed() -> None:
    """Naming one of them would not help: nothing is said of how to."""
    with pytest.raises(InvalidInput) as refused:
        infer("a,b,c\n1,x,no\n2,y,no\n3,z,no\n4,x,no\n5,x,no\n6,x,no\n")
    assert str(refused.value) == (
        "which column is to be predicted? Of the columns, none has two values; b has 3: x, y, z; c has only "
        "one: no. A column is needed that says, in two words such as yes and no, how each row ended"
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("yes",), "the target y has one value only, yes; to learn from, rows of both outcomes are needed"),
        (("", "NA"), "the target y has no value in any row"),
        (("a", "b", "c"), "the target y has 3 distinct values, such as a, b, c; only one of two values"),
        (
            (0, 1, 2),
            "3 distinct values, such as 0, 1, 2; only one of two values can be predicted. To tell some",
        ),
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


@pytest.mark.parametrize(
    ("values", "named", "field", "positive", "said"),
    [
        (
            ("bad", "fair", "good", "great"), "good,Great",
            one_of("bad", "fair", "good", "great"), ["good", "great"],
            "good, great count as yes, and bad, fair as no, as was asked for",
        ),
        ((0, 1, 2), "2", one_of(0, 1, 2, type_="integer"), 2, "2 counts as yes, and 0, 1 as no"),
        ((1.5, 2.5, 4), " 4 , 2.5", one_of(1.5, 2.5, 4, type_="number"), [2.5, 4], "2.5, 4 count as yes"),
        (("yes", "no"), "no", one_of("no", "yes"), "no", "no counts as yes, and yes as no"),
        (("True", "False"), "true", {"name": "y", "type": "boolean"}, True, "True counts as yes"),
        (("True", "False"), "false", one_of("False", "True"), "False", "False counts as yes"),
        ((0, 1), "1", one_of(0, 1, type_="integer"), 1, "1 counts as yes, and 0 as no"),
        ((0, 1), "0", one_of(0, 1, type_="number"), 0, "0 counts as yes, and 1 as no"),
        (("a", "b, c", "d"), "b, c", one_of("a", "b, c", "d"), "b, c", "b, c counts as yes, and a, d as no"),
    ],
)  # fmt: skip
def test_values_that_are_named_count_as_yes_and_all_others_as_no(
    values: tuple[object, ...], named: str, field: dict[str, Any], positive: object, said: str
) -> None:
    found = choose(*values, positive=named)
    assert fields(found)["y"] == field
    assert found.document["target"] == {"field": "y", "positive": positive}
    assert any(said in note for note in found.notes)
    target = parse_schema(found.document).target
    listed = positive if isinstance(positive, list) else [positive]
    assert [target.code(value) for value in values] == [
        int(value in map(str, listed)) for value in map(str, values)
    ]


@pytest.mark.parametrize(
    ("values", "named", "reason"),
    [
        (("a", "b", "c"), "d", "the target y has no value d to count as yes; its values are: a, b, c"),
        (("a", "b", "c"), "a,,b", "has no value of no characters to count as yes"),
        (
            ("a", "b", "c"),
            "c,a,b",
            "every value would count as yes (a, b, c): leave out those that count as no",
        ),
        (("a",), "a", "has one value only, a"),
        (tuple(f"w{row}" for row in range(1_001)), "w1", "has 1,001 distinct values, such as w0, w1"),
    ],
)
def test_values_that_cannot_be_told_from_others_are_refused_with_those_there_are(
    values: tuple[object, ...], named: str, reason: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        infer(table(a=cycle(1, 2, 3, rows=4_004), y=cycle(*values, rows=4_004)), target="y", positive=named)
    assert reason in str(refused.value)


def test_a_target_of_several_values_is_refused_with_how_to_name_those_that_count_as_yes() -> None:
    with pytest.raises(InvalidInput) as refused:
        choose("bad", "good", "great")
    assert (
        "such as bad, good, great; only one of two values can be predicted. To tell some of them from all "
        "others, name those with `--positive`, with commas between (of make: POSITIVE=...), or in "
        "target.positive of a schema. If another column"
    ) in str(refused.value)


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
