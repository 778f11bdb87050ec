"""What is answered of an outcome, or written into a table, is read as that outcome again."""

import pytest

from functions.core.schema.target import Target, target_of_booleans, target_of_numbers, target_of_words


@pytest.mark.parametrize(
    ("target", "cells"),
    [
        (target_of_booleans("y"), ("0", "1")),
        (target_of_numbers("y", [1, 2], [2]), ("1", "2")),
        (target_of_numbers("y", [0, 1, 2], [2]), ("false", "true")),
        (target_of_numbers("y", [2.5, 1, 7], [1]), ("false", "true")),
        (target_of_words("y", ["no", "yes"], ["no"], {}), ("yes", "no")),
        (target_of_words("y", ["no", "yes", "maybe"], ["no"], {}), ("false", "true")),
        (target_of_words("y", ["0", "1", "2"], ["2"], {}), ("false", "true")),
        (target_of_words("y", ["true", "false", "unknown"], ["unknown"], {}), ("true", "unknown")),
        (target_of_words("y", ["basic", "full"], ["full"], {}), ("basic", "full")),
    ],
    # Not the whole target: in which order a set has its words differs from one process to the next.
    ids=lambda value: str(getattr(value, "answers", value)),
)
def test_what_stands_for_an_outcome_is_read_as_that_outcome(target: Target, cells: tuple[str, str]) -> None:
    assert target.cells() == cells
    for stands_for_outcomes in (target.answers, target.cells()):
        assert [target.code(value) for value in stands_for_outcomes] == [0, 1]


def test_of_yes_and_no_true_means_yes() -> None:
    target = target_of_words("y", ["no", "yes"], ["no"], {})
    assert (target.code(True), target.code(False), target.code("true")) == (0, 1, 0)


@pytest.mark.parametrize("cell", ["0_1", "\u0661", "\uff11", "1_0", "inf", "nan"])
@pytest.mark.parametrize(
    "target",
    [
        target_of_booleans("y"),
        target_of_numbers("y", [1, 10], [10]),
        target_of_words("y", ["no", "yes"], ["yes"], {}),
    ],
    ids=["booleans", "numbers", "words"],
)
def test_what_only_python_takes_for_a_number_is_no_outcome(target: Target, cell: str) -> None:
    assert target.code(cell) is None


def test_of_several_words_each_keeps_its_meaning() -> None:
    target = target_of_words("y", ["0", "1", "2"], ["2"], {"two": "2"})
    assert [target.code(value) for value in ("0", "1", "2", "TWO", "3")] == [0, 0, 1, 1, None]
