"""The one validator: what a row of JSON comes to, and what is said of one that does not fit."""

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.rows import MAX_FAULTS, Fault, RowReader, Unfit

TITANIC = Path(__file__).parents[3] / "training" / "data" / "titanic.schema.json"
READER = RowReader(read_schema(TITANIC.read_bytes()))
CHURN = RowReader(
    parse_schema(
        {
            "fields": [
                {
                    "name": "Contract Type",
                    "type": "string",
                    "constraints": {"enum": ["month-to-month", "one, two"]},
                },
                {"name": "tenure", "type": "integer", "constraints": {"required": True, "minimum": 0}},
                {"name": "paperless", "type": "boolean"},
                {"name": "charges", "type": "number", "constraints": {"maximum": 1000.5}},
                {"name": "churned", "type": "string", "categories": ["no", "yes"]},
            ],
            "target": {"field": "churned", "positive": "yes"},
            "aliases": {
                "fields": {"tenure": ["months"]},
                "values": {"Contract Type": {"monthly": "month-to-month"}},
            },
            "ignored": ["customer id"],
        }
    )
)


def values(row: dict[str, Any], reader: RowReader = READER) -> dict[str, Any]:
    read = reader.read(row)
    assert read.faults == []
    named = dict(zip(reader.schema.names, read.values, strict=True))
    return {name: None if value != value or value == "" else value for name, value in named.items()}


def faults(row: dict[str, Any], reader: RowReader = READER) -> list[Fault]:
    return reader.read(row).faults


def test_a_row_becomes_the_inputs_of_the_graph_in_their_order() -> None:
    assert READER.read({"fare": 7.25, "sex": "male", "pclass": 3}).values[:2] == [3.0, "male"]
    assert values({"pclass": 3, "sex": "male", "age": 22, "embarked": "S"}) == {
        "pclass": 3.0,
        "sex": "male",
        "age": 22.0,
        "sibsp": None,
        "parch": None,
        "fare": None,
        "embarked": "S",
        "title": None,
    }


def test_names_are_matched_without_regard_to_case_spaces_dots_dashes_and_underscores() -> None:
    for name in ("contract_type", "CONTRACT-TYPE", " contract.type ", "ContractType", "contract type"):
        assert values({name: "monthly", "Months": 3}, CHURN)["Contract Type"] == "month-to-month"


def test_words_of_categories_are_matched_without_regard_to_case_and_by_their_aliases() -> None:
    assert values({"pclass": 1, "sex": "F"})["sex"] == "female"
    assert values({"pclass": 1, "sex": " Male "})["sex"] == "male"
    assert values({"tenure": 1, "contracttype": "ONE, TWO"}, CHURN)["Contract Type"] == "one, two"


def test_null_is_missing_and_so_is_a_field_that_is_left_out() -> None:
    assert values({"pclass": 1, "sex": "male", "age": None}) == values({"pclass": 1, "sex": "male"})


def test_booleans_are_true_false_one_or_zero() -> None:
    for sent, wanted in ((True, 1.0), (False, 0.0), (1, 1.0), (0.0, 0.0)):
        assert values({"tenure": 1, "paperless": sent}, CHURN)["paperless"] == wanted
    for other in ("yes", 2, -1):
        assert faults({"tenure": 1, "paperless": other}, CHURN) == [
            Fault("paperless", "must be true or false", "boolean")
        ]


def test_every_fault_of_a_row_is_named_at_once_and_none_with_its_value() -> None:
    assert faults({"pclass": 4, "sex": "unknown", "age": 121, "sibsp": 0.5, "shoes": 44}) == [
        Fault("shoes", "is no field of a passenger", "unknown"),
        Fault("pclass", "must be 1, 2 or 3", "enum"),
        Fault("sex", "must be female or male", "enum"),
        Fault("age", "must be a number from 0 to 120", "number"),
        Fault("sibsp", "must be a whole number from 0 to 20", "integer"),
    ]


def test_a_required_field_that_is_missing_is_a_fault_and_one_that_is_wrong_is_not_missing_too() -> None:
    assert faults({"sex": "male"}) == [Fault("pclass", "is required", "missing")]
    assert faults({"pclass": None, "sex": None}) == [
        Fault("pclass", "is required", "missing"),
        Fault("sex", "is required", "missing"),
    ]
    assert [fault.field for fault in faults({"pclass": "first", "sex": "male"})] == ["pclass"]


@pytest.mark.parametrize("value", [True, "29", [29], {"years": 29}, math.nan, math.inf, -1, 1e400, 10**400])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    assert [fault.field for fault in faults({"pclass": 1, "sex": "male", "age": value})] == ["age"]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert values({"pclass": 2.0, "sex": "male", "sibsp": 3.0})["sibsp"] == 3.0


def test_the_bounds_of_a_number_are_said_with_all_their_digits() -> None:
    """To six of them, a sentence named a bound that was no bound."""
    fields = [
        {"name": "x", "type": "number", "constraints": {"minimum": 0.1234567, "maximum": 1234567.5}},
        {"name": "z", "type": "number", "constraints": {"enum": [0.1234567, 2]}},
        {"name": "y", "type": "boolean"},
    ]
    reader = RowReader(parse_schema({"fields": fields, "target": "y"}))
    assert faults({"x": 0.1, "z": 0.123457}, reader) == [
        Fault("x", "must be a number from 0.1234567 to 1234567.5", "number"),
        Fault("z", "must be 0.1234567 or 2", "enum"),
    ]


def test_a_number_that_no_float32_can_hold_is_refused() -> None:
    assert faults({"tenure": 1, "charges": -1e39}, CHURN) == [
        Fault("charges", "must be a number, 1000.5 or less", "number")
    ]


def test_a_field_in_two_spellings_is_given_twice() -> None:
    assert faults({"pclass": 1, "Pclass": 2, "sex": "male"}) == [
        Fault("pclass", "is given twice, in two spellings", "repeated")
    ]


def test_what_is_known_and_no_feature_is_passed_over() -> None:
    row = {
        "PassengerId": 1,
        "Survived": 1,
        "Ticket": "x",
        "Cabin": None,
        "home.dest": "New York",
        "boat": "2",
    }
    assert values({**row, "Pclass": 1, "Sex": "male"})["pclass"] == 1.0
    assert (
        values({"tenure": 1, "customer_id": "a", "churned": "yes", "prediction_id": 3}, CHURN)["tenure"]
        == 1.0
    )


def test_unknown_fields_are_passed_over_where_extras_are_asked_for() -> None:
    assert READER.read({"pclass": 1, "sex": "male", "shoes": 44}, extras=True).faults == []


def test_many_unknown_fields_are_not_all_named() -> None:
    assert len(faults({f"unknown {number}": 1 for number in range(10_000)})) <= MAX_FAULTS + 2


def test_the_title_comes_from_the_name_unless_it_is_given() -> None:
    name = "Rothes, the Countess. of (Lucy Noel Martha Dyer-Edwards)"
    assert values({"pclass": 1, "sex": "female", "name": name})["title"] == "Mrs"
    assert values({"pclass": 1, "sex": "female", "name": name, "title": "Mlle."})["title"] == "Miss"
    assert values({"pclass": 1, "sex": "male", "name": "Leader, Dr. Alice (Farnham)"})["title"] is None
    assert values({"pclass": 1, "sex": "male", "title": "Dr"})["title"] is None
    assert values({"pclass": 1, "sex": "male", "name": "no title at all"})["title"] is None


def test_a_name_is_a_text_and_not_too_long() -> None:
    assert faults({"pclass": 1, "sex": "male", "name": 7}) == [Fault("name", "must be a text", "string")]
    assert faults({"pclass": 1, "sex": "male", "name": "x" * 201}) == [
        Fault("name", "must have at most 200 characters", "too_long")
    ]


@pytest.mark.parametrize("text", ["29", " 29 ", "29.0", "2.9e1", "+29", "29."])
def test_a_cell_with_a_number_is_read(text: str) -> None:
    assert READER.readers[2].from_text(text) == 29.0


@pytest.mark.parametrize("text", ["", "2_9", "0x1d", "nan", "infinity", "1,5", "12 years", "1e", "--1", "٢٩"])
def test_a_cell_without_a_number_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        READER.readers[2].from_text(text)


@pytest.mark.parametrize("alphabet", ["1", "1.", "e1", "+-", ".", "1e+"])
def test_a_cell_of_64_kilobytes_takes_no_time_to_be_refused(alphabet: str) -> None:
    began = time.process_time()
    with pytest.raises(Unfit):
        READER.readers[2].from_text(alphabet * (65_536 // len(alphabet)) + "x")
    assert time.process_time() - began < 0.5


def test_the_schema_of_the_shipped_table_fits_its_own_example() -> None:
    assert faults(READER.schema.example()) == []
    assert json.loads(READER.schema.as_json()) == json.loads(TITANIC.read_bytes())
