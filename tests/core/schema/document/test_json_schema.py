"""A row as JSON Schema: it accepts what the validator accepts, under the schema's own names."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.core.schema.document.json_schema import outcome_schema, row_schema
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from tests.support.titanic import SCHEMA

VALIDATOR = Draft202012Validator(row_schema(SCHEMA))
READER = RowReader(SCHEMA)


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        (SCHEMA.example(), True),
        ({"pclass": 1, "sex": "male"}, True),
        ({"pclass": 1, "sex": "male", "age": None, "sibsp": 0, "embarked": "Q"}, True),
        ({"pclass": 4, "sex": "male"}, False),
        ({"pclass": 1, "sex": "male", "age": 121}, False),
        ({"pclass": 1, "sex": "male", "age": True}, False),
        ({"pclass": 1, "sex": "male", "sibsp": 1.5}, False),
        ({"pclass": 1, "sex": "male", "shoes": 1}, False),
        ({"pclass": 1, "sex": "male", "name": "x" * 201}, False),
        ({"sex": "male"}, False),
        ({"pclass": None, "sex": "male"}, False),
    ],
)
def test_it_agrees_with_the_validator(row: dict[str, Any], fits: bool) -> None:
    assert VALIDATOR.is_valid(row) is fits
    assert (READER.read(row).faults == []) is fits


def test_it_says_what_a_field_is_and_what_becomes_of_a_text() -> None:
    properties = row_schema(SCHEMA)["properties"]
    assert properties["age"] == {
        "anyOf": [{"type": "number", "minimum": 0, "maximum": 120}, {"type": "null"}],
        "description": "Years; fractions allowed",
    }
    assert properties["pclass"] == {"enum": [1, 2, 3], "description": "Ticket class"}
    assert properties["name"]["description"].endswith("Only its title is used; it is never stored")


def test_an_outcome_is_a_boolean_or_one_of_two_words() -> None:
    assert outcome_schema(SCHEMA.target) == {"type": "boolean"}
    fields = [{"name": "x", "type": "number"}, {"name": "y", "categories": ["bad", "good"]}]
    schema = parse_schema({"fields": fields, "target": {"field": "y", "positive": "good"}})
    assert outcome_schema(schema.target) == {"enum": ["bad", "good"]}
