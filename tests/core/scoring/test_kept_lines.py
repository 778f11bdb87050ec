"""A line that is taken as it is is the one that would have been written."""

import csv
import io
from random import Random

import pytest

from functions.core.schema.text.delimited import parse_rows
from functions.core.schema.text.spans import find_spans
from functions.core.scoring.kept_lines import Kept, kept_of_rows, kept_of_spans

PLAIN = ["1", "", "female", '"a, b"', '"say ""so"", or"', "José", "-3.5", "-", "'x"]
CHANGED = [" 1", '"word"', '""', '"two\nlines"', '"x\r\ny, z"', '"say ""so"""', "a b ", '"1"']
FORMULAS = ["=1", "@a", "-x", '"=a, b"', "\tq", '"\n=x"']
WIDTH = 4


def both(text: str, separator: str = ",", width: int = WIDTH) -> tuple[Kept, Kept]:
    spans = find_spans(text, separator, width, 7)
    assert spans is not None
    return kept_of_spans(spans), kept_of_rows(parse_rows(text, 7, separator, width), width)


def table(draw: Random, cells: list[str], *, rows: int = 300, share: float = 0.03, end: str = "\n") -> str:
    lines = []
    for _ in range(rows):
        row = draw.choices(PLAIN, k=WIDTH)
        if draw.random() < share:
            row[draw.randrange(WIDTH)] = draw.choice(cells)
        if draw.random() < share / 3:
            row = draw.choice([row[:2], [*row, "", ""], [*row, "more"], ["", "", "", ""], [""]])
        lines.append(",".join(row))
    return end.join(lines)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_lines_are_those_that_csv_writes(seed: int, end: str) -> None:
    draw = Random(seed)  # noqa: S311 # a table, no secret
    cells = [*CHANGED, *FORMULAS] if seed % 3 == 0 else CHANGED
    share = (0.0, 0.02, 0.5)[seed % 3]
    taken, written = both(table(draw, cells, share=share, end=end))
    assert [*taken.lines] == [*written.lines]
    assert [*taken.texts] == [*written.texts]


def test_another_separator_becomes_a_comma() -> None:
    taken, written = both("1;2,5;x\n" * 300, ";", 3)
    assert taken.texts[0] == written.texts[0] == '1,"2,5",x'
    assert [*taken.texts] == [*written.texts]


def test_an_empty_cell_alone_in_its_row_is_no_blank_line() -> None:
    taken, written = both("a\n" * 300 + '"b"\n""\n', width=1)
    assert [*taken.texts] == [*written.texts]


def test_what_is_plain_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '1,"a, b",,x\n' * 300

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    spans = find_spans(text, ",", WIDTH, 1)
    assert spans is not None
    with monkeypatch.context() as patch:
        patch.setattr(csv, "reader", fail)
        kept = kept_of_spans(spans)
    assert [*csv.reader(io.StringIO(kept.texts[-1]))] == [["1", "a, b", "", "x"]]
    assert len(kept.texts) == 300
