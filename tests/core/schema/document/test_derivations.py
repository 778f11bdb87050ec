"""Which patterns a schema may derive a category by: those that never keep a request waiting."""

import pytest

from functions.core.schema.document.parsing import parse_schema
from tests.core.schema.documents import document, faults


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|a)*b", "((a*)b?)*c", "(?:a?)+(b)", "(a)\\1", "(?P<x>a)(?P=x)", "(a|b){9}", "((a|b)c)+"],
)
def test_a_pattern_that_may_take_for_ever_is_a_fault(pattern: str) -> None:
    derived = [{"field": "plan", "from": "text", "pattern": pattern, "words": {"a": "basic"}}]
    [fault] = faults(document({"name": "text"}, {"name": "x", "type": "number"}, derived=derived))
    assert fault.endswith("that may take for ever")


@pytest.mark.parametrize(
    "pattern", [r",\s*([^.]+)\.", "(ab)+", "(Mr|Mrs|Miss)?x", r"(a|b)\*", "([*+|]x)+", "(?:x|y)(z*)"]
)
def test_a_usual_pattern_is_taken(pattern: str) -> None:
    derived = [{"field": "plan", "from": "text", "pattern": pattern, "words": {"a": "basic"}}]
    assert parse_schema(document({"name": "text"}, derived=derived)).derived


@pytest.mark.parametrize(
    "pattern",
    [
        # Each of these keeps the engine busy for hours on a text of a thousand characters.
        "(a)" + "a*" * 6 + "b",
        "(a|a)" * 33 + "b",
        "(a?)" * 30 + "a" * 30 + "b",
        "(x)?(?=a*a*a*b)c",
    ],
)
def test_a_pattern_that_may_take_too_long_is_a_fault_that_names_the_cure(pattern: str) -> None:
    derived = [{"field": "plan", "from": "text", "pattern": pattern, "words": {"a": "basic"}}]
    [fault] = faults(document({"name": "text"}, {"name": "x", "type": "number"}, derived=derived))
    assert "may take too long on a text of 1,000 characters; begin it with ^" in fault
    assert "give text a smaller maxLength" in fault


def test_a_shorter_text_may_have_a_slower_pattern() -> None:
    derived = [{"field": "plan", "from": "text", "pattern": "(a+)a+b", "words": {"a": "basic"}}]
    assert faults(document({"name": "text"}, derived=derived))
    short = {"name": "text", "constraints": {"maxLength": 200}}
    assert parse_schema(document(short, derived=derived)).derived


def test_of_a_text_no_more_is_read_than_a_cell_can_have() -> None:
    long = {"name": "text", "constraints": {"maxLength": 10**30}}
    derived = [{"field": "plan", "from": "text", "pattern": "(a)", "words": {"a": "basic"}}]
    assert parse_schema(document(long, derived=derived)).sources["text"].max_length == 10_000
