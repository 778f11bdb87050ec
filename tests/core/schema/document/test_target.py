"""What the answers of a target are, and which words mean which."""

from typing import Any

import pytest

from functions.core.schema.document.parsing import parse_schema
from tests.core.schema.documents import FIELDS, faults


@pytest.mark.parametrize(
    ("field", "positive", "answers", "codes"),
    [
        (
            {"type": "boolean"},
            None,
            (False, True),
            {True: 1, False: 0, "1": 1, "No": 0, "y": 1, "maybe": None},
        ),
        (
            {"type": "integer", "constraints": {"enum": [0, 1]}},
            1,
            (False, True),
            {1: 1, 0.0: 0, "1.0": 1, 2: None, 10**400: None, float("inf"): None},
        ),
        (
            {"type": "integer", "constraints": {"enum": [1, 2]}},
            2,
            (1, 2),
            {1: 0, 2: 1, "2": 1, "2.0": 1, 3: None},
        ),
        (
            {"categories": ["no", "yes"]},
            "yes",
            ("no", "yes"),
            {"YES": 1, True: 1, "0": 0, False: 0, "x": None},
        ),
        ({"categories": ["<=50K", ">50K"]}, ">50K", ("<=50K", ">50K"), {">50k": 1, "<=50K": 0, True: 1}),
        ({"categories": ["a", "b", "c"]}, ["a", "b"], (False, True), {"A": 1, "b": 1, "c": 0, None: None}),
    ],
)
def test_the_values_of_a_target(
    field: dict[str, Any], positive: object, answers: tuple[object, object], codes: dict[object, int | None]
) -> None:
    body = {"fields": [FIELDS[0], {"name": "y", **field}], "target": {"field": "y", "positive": positive}}
    target = parse_schema(body).target
    assert target.answers == answers
    assert {value: target.code(value) for value in codes} == codes


def test_a_target_without_positive_values_is_a_fault_even_where_a_category_is_called_none() -> None:
    body = {"fields": [FIELDS[0], {"name": "y", "categories": ["None", "Some"]}], "target": {"field": "y"}}
    assert faults(body) == (
        "target y: target.positive has to name those of its categories that count as yes; they are None, "
        "Some",
    )
