"""What a body is by its header content-type."""

import pytest

from functions.core.http.bodies import is_csv, media_type


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
