"""What a body is by its header, and what is said of JSON that does not fit."""

import pytest
from pydantic import BaseModel, ValidationError

from functions.core.http.bodies import does_not_fit, is_csv, media_type, not_json


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/csv", "text/csv"),
        (" Application/JSON ; charset=utf-8", "application/json"),
        ("", ""),
    ],
)
def test_the_media_type_is_read_without_parameters_and_case(content_type: str, expected: str) -> None:
    assert media_type(content_type) == expected


def test_a_table_goes_by_either_of_its_types() -> None:
    assert is_csv("text/csv; header=present")
    assert is_csv("application/csv")
    assert not is_csv("text/plain")


class Point(BaseModel):
    x: float


def test_a_fault_names_its_place_in_the_body_and_never_the_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Point.model_validate({"x": "a secret"})

    [fault] = does_not_fit(refused.value).errors()

    assert fault["loc"] == ("body", "x")
    assert "a secret" not in str(fault)


def test_what_is_no_json_is_a_fault_of_the_whole_body() -> None:
    [fault] = not_json().errors()
    assert (fault["loc"], fault["type"]) == (("body",), "json_invalid")
