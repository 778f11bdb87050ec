"""What is said of a body of JSON that a route reads by itself and that does not fit."""

import pytest
from pydantic import BaseModel, ValidationError

from functions.core.http.api import does_not_fit, not_json


class Point(BaseModel):
    x: float


def test_a_fault_names_its_place_in_the_body_and_never_the_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Point.model_validate({"x": "a secret"})

    [fault] = does_not_fit(refused.value).errors()

    assert fault["loc"] == ("body", "x")
    assert "a secret" not in str(fault)


def test_what_is_no_json_is_a_fault_of_the_whole_body() -> None:
    [fault] = not_json(7).errors()
    assert (fault["loc"], fault["type"]) == (("body", 7), "json_invalid")
