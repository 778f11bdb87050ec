"""How numbers are written, and what is refused because it can be read in two ways."""

import random
import re
import time

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.tables import numbers
from functions.core.schema.tables.numbers import (
    Writing,
    Writings,
    decimal_marks,
    notes_on_marks,
    plain,
    writing,
)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1200", Writing.WHOLE),
        ("-3", Writing.WHOLE),
        (" 7 ", Writing.WHOLE),
        ("1 200", Writing.WHOLE),
        ("1\u00a0200\u00a0000", Writing.WHOLE),
        ("1\u202f200", Writing.WHOLE),
        ("1'200", Writing.WHOLE),
        ("1\u2019200", Writing.WHOLE),
        ("1e5", Writing.PLAIN),
        ("7.25", Writing.DECIMAL_POINT),
        (".5", Writing.DECIMAL_POINT),
        ("0.917", Writing.DECIMAL_POINT),
        ("1234.567", Writing.DECIMAL_POINT),
        ("1,200.5", Writing.DECIMAL_POINT),
        ("1'200.50", Writing.DECIMAL_POINT),
        ("7,25", Writing.DECIMAL_COMMA),
        ("0,123", Writing.DECIMAL_COMMA),
        ("1234,567", Writing.DECIMAL_COMMA),
        ("1.200,5", Writing.DECIMAL_COMMA),
        ("1 200,500", Writing.DECIMAL_COMMA),
        ("1,5e3", Writing.DECIMAL_COMMA),
        ("1,200,000", Writing.COMMAS_OF_THOUSANDS),
        ("1.200.000", Writing.POINTS_OF_THOUSANDS),
        ("1,200", Writing.COMMA_IN_DOUBT),
        ("-1.200", Writing.POINT_IN_DOUBT),
        ("", None),
        (".", None),
        ("-", None),
        ("e5", None),
        ("2_9", None),
        ("inf", None),
        ("1,20,000", None),
        ("12 5", None),
        ("1 200'000", None),
        ("1.2.3", None),
        ("\u0663", None),
        ("9" * 65 + ".5", None),
    ],
)
def test_a_number_is_recognised_by_how_it_is_written(cell: str, expected: Writing | None) -> None:
    assert writing(cell) is expected


@pytest.mark.parametrize(
    ("cell", "mark", "expected"),
    [
        ("1,200.5", ".", "1200.5"),
        ("1,234,567", ".", "1234567"),
        ("-1 200", ".", "-1200"),
        ("1'200.50", ".", "1200.50"),
        ("1.200,5", ",", "1200.5"),
        ("1.234.567", ",", "1234567"),
        ("1 200,500", ",", "1200.500"),
        ("7,25", ",", "7.25"),
        ("7.25", ".", "7.25"),
        ("abc", ",", "abc"),
    ],
)
def test_a_number_is_made_plain(cell: str, mark: str, expected: str) -> None:
    assert plain(cell, mark) == expected


@pytest.mark.parametrize(("cell", "mark"), [("1,23", "."), ("1,2,3", ","), ("12,34,567", "."), ("1 20", ".")])
def test_what_is_not_grouped_by_thousands_does_not_become_a_number(cell: str, mark: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        float(plain(cell, mark))


def column(*cells: str, name: str = "fare", whole: bool = False) -> Writings:
    found = Writings(name, whole)
    found.add(cells, range(2, 2 + len(cells)))
    return found


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (("12,5", "1,200"), ","),
        (("1.234,5", "7"), ","),
        (("1,234,567", "1,200"), "."),
        (("1,234.5", "1,200"), "."),
        (("7.25", "1,200"), "."),
        (("1.234.567", "1.200"), ","),
        (("1.200", "3.456"), "."),
        (("1 200", "35"), "."),
        ((), "."),
    ],
)
def test_the_cells_of_a_column_decide_on_its_decimal_mark(cells: tuple[str, ...], mark: str) -> None:
    assert column(*cells).decimal() == mark


def test_a_column_that_can_be_read_in_two_ways_is_refused_with_both_readings() -> None:
    with pytest.raises(InvalidInput) as refused:
        column("35", "1,200", "950").decimal()
    assert str(refused.value) == (
        "the column fare has 1,200 on line 3, which may be 1200 or 1.2: no other cell of the column decides; "
        "write 1200 or 1.2"
    )


def test_a_column_that_contradicts_itself_is_refused_with_both_lines() -> None:
    with pytest.raises(InvalidInput, match=r"fare has 12,5 on line 2.* and 7\.25 on line 3.*decimal point"):
        column("12,5", "7.25").decimal()


def test_a_column_of_whole_numbers_has_no_decimals_but_zeros_may_be_some() -> None:
    assert column("1,234", whole=True).decimal() == "."
    with pytest.raises(InvalidInput, match="which may be 1000 or 1:"):
        column("1,000", whole=True).decimal()


def test_a_point_is_in_doubt_where_the_comma_is_the_decimal_mark() -> None:
    people, price = column("1.200", "2.400", name="people"), column("12,5", name="price")
    for separator in ",\t|":
        assert decimal_marks([people], separator) == {"people": "."}
    with pytest.raises(InvalidInput, match=r"people has 1\.200 on line 2.*1200 or 1\.2.*price has decimal"):
        decimal_marks([people, price], "\t")
    with pytest.raises(InvalidInput, match=r"people has 1\.200 on line 2.*1200 or 1\.2.*semicolons separate"):
        decimal_marks([people], ";")
    for other in ("7.5", "0.917"):
        plain_people = column("1.200", other, name="people")
        assert decimal_marks([plain_people, price], ";") == {"people": ".", "price": ","}


def test_what_was_decided_is_said() -> None:
    columns = [column("12,5", name="a"), column("1,234,567", name="b"), column("7.25", name="c")]
    assert notes_on_marks(columns, decimal_marks(columns, ",")) == [
        "the numbers of the column a have a decimal comma",
        "commas in the column b stand between thousands",
    ]


def test_what_was_decided_of_many_columns_is_one_sentence() -> None:
    columns = [column("12,5", name=f"m{index}") for index in range(7)]
    assert notes_on_marks(columns, decimal_marks(columns, ";")) == [
        "the numbers of 7 columns (m0, m1, m2, m3, m4 and 2 more) have a decimal comma"
    ]


def test_the_commonest_decimals_are_known_by_what_all_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)  # noqa: S311 # numbers, no secret
    cells = ["".join(draw.choices("0123456789..,,-+ e'", k=draw.randint(1, 9))) for _ in range(20_000)]
    found = [writing(cell) for cell in cells]
    assert found.count(Writing.DECIMAL_POINT) > 500
    monkeypatch.setattr(numbers, "_SURELY_DECIMAL", re.compile(r"(?!)"))
    assert found == [writing(cell) for cell in cells]


@pytest.mark.parametrize("alphabet", ["1", "1,", "1.", " 1", ",", "1 000", "'", "1e", "+-", '"0 ', "0 ", '"'])
def test_no_cell_takes_long(alphabet: str) -> None:
    text = alphabet * (64_000 // len(alphabet))
    begins = time.perf_counter()
    writing(text)
    writing(text[:64])
    for mark in ".,":
        plain(text, mark)
        plain(text + "x", mark)
    assert time.perf_counter() - begins < 0.5
