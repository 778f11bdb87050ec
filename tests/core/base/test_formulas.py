"""Cells that a spreadsheet would run, and what is written in their place."""

import pytest

from functions.core.base.formulas import escape_formula, unescape_formula


@pytest.mark.parametrize(
    "cell", ["=1+1", "+x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "--1", "+1 to 5", "-inf", "=" * 9]
)
def test_what_a_spreadsheet_would_run_is_a_text_and_is_read_back(cell: str) -> None:
    if len(cell) > 1:
        assert escape_formula(cell) == f"'{cell}"
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["", "-", "+", "-1", "+1.5", "-1e-5", "-.5", "-1,5", "1=1", "a-b", "'quoted", "'-1", "x@y"]
)
def test_numbers_and_other_texts_stay_as_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell
    assert unescape_formula(cell) == cell


@pytest.mark.parametrize("text", ["-" * 65_536, "-" + "1" * 65_536 + "x", "+1" * 32_768])
def test_a_long_cell_takes_no_longer_than_its_length(text: str) -> None:
    assert escape_formula(text) == f"'{text}"
