"""Numbers read from their bytes are those that `float` reads, to the last bit."""

import random

import numpy as np
import pytest

from functions.core.schema.tables.plain_numbers import read_plain_numbers
from functions.core.schema.text.spans import find_spans


def read(cells: list[str]) -> tuple[list[float], list[bool]]:
    """The values of a column of cells, and which of them were read."""
    text = "".join(f"x,{cell},y\n" for cell in cells)
    spans = find_spans(text, ",", 3, 2)
    assert spans is not None
    values, is_read = read_plain_numbers(spans.cells(1))
    return values.tolist(), is_read.tolist()


def made_up(draw: random.Random) -> str:
    whole = "".join(draw.choices("0123456789", k=draw.randint(0, 9)))
    fraction = "".join(draw.choices("0123456789", k=draw.randint(0, 9)))
    return draw.choice(["", "", "-"]) + whole + draw.choice(["", ".", "."]) + fraction


def test_numbers_of_every_length_are_those_that_float_reads() -> None:
    draw = random.Random(0)  # noqa: S311 # numbers, no secret
    cells = [made_up(draw) for _ in range(50_000)]
    values, is_read = read(cells)
    for cell, value, read_here in zip(cells, values, is_read, strict=True):
        text = cell.removeprefix("-")
        is_plain = 0 < len(text) <= 16 and text != "."
        # Of nine bytes, the last may be the point: such a rare one is left to others.
        if is_plain and not (len(text) == 9 and text.endswith(".")):
            digits = int(text.replace(".", ""))
            assert read_here == (digits <= 2**53 or len(text) <= 8), cell
        if read_here:
            assert np.float64(float(cell)).tobytes() == np.float64(value).tobytes(), cell


@pytest.mark.parametrize(
    "cell",
    ["", "-", ".", "-.", "+1", "1e5", "1.2.3", "..", "--1", "1-", "12345678.123.456", "1,5", " 1", "1 ",
     "0x1", "1_0", "nan", "inf", "\u0661", "12345678901234567", "9007199254740993", "1:2", "1/2", "12/45678",
     "12345678:1", "a.b"],
)  # fmt: skip
def test_what_is_written_otherwise_is_left_to_others(cell: str) -> None:
    cells = ["1"] * 300
    cells[150] = f'"{cell}"' if "," in cell else cell
    _, is_read = read(cells)
    assert not is_read[150]
    assert sum(is_read) == 299


def test_the_last_cell_of_a_text_and_cells_in_quotes_are_read() -> None:
    text = "".join(f'"{number}",{number / 8}\n' for number in range(300)).removesuffix("\n")
    spans = find_spans(text, ",", 2, 1)
    assert spans is not None
    for column, expected in ((0, np.arange(300.0)), (1, np.arange(300) / 8)):
        values, is_read = read_plain_numbers(spans.cells(column))
        assert is_read.all()
        np.testing.assert_array_equal(values, expected)
