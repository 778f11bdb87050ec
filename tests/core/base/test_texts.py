"""Texts of people's own: trimmed, bounded, and nothing in them that cannot be seen."""

import pytest

from functions.core.base.texts import read_line, read_lines


@pytest.mark.parametrize("text", ["Grüße an Frau 王", "=1+1", "<script>alert(1)</script>", "x" * 10])
def test_a_line_is_kept_as_it_is_but_for_spaces_around_it(text: str) -> None:
    assert read_line(f"  {text}\n", 100) == text
    assert read_lines(f" {text} ", 100) == text


UNSEEN = ["a\nb", "a\tb", "a\x00", "a\u202eb", "a\ud800"]


@pytest.mark.parametrize("text", ["x" * 101, "x" + " " * 1000, *UNSEEN])
def test_what_is_too_long_or_cannot_be_printed_is_no_line(text: str) -> None:
    assert read_line(text, 100) is None


def test_a_note_may_have_lines_and_nothing_else_that_cannot_be_printed() -> None:
    assert read_lines("one\r\ntwo\n", 100) == "one\ntwo"
    assert [read_lines(text, 100) for text in ("a\x07", "a\ud800", "x\n" * 60)] == [None] * 3
