"""Two workers that collect the tests a moment apart must give each the same name, or nothing is run."""

import gzip

from tests.conftest import pytest_make_parametrize_id


def test_packed_bytes_which_hold_the_time_name_no_test() -> None:
    assert pytest_make_parametrize_id(gzip.compress(b"a,b"), "body") == "body"


def test_what_else_a_test_is_given_names_it_as_ever() -> None:
    assert pytest_make_parametrize_id("utf-16", "encoding") is None
