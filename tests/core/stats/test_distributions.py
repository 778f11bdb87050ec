"""Distributions: the bins that a dataset makes, and windows that are counted into them."""

from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from functions.core.stats.distributions import of_numbers, tally
from functions.core.stats.drift import homogeneity, psi
from functions.core.stats.records import Distribution, Tally
from tests.support.windows import passengers, reference, table

Numbers = Sequence[float | None]


def distribution(numbers: Numbers) -> Distribution:
    return of_numbers(np.array(numbers, dtype=np.float32))


def drift(reference: Numbers, window: Numbers) -> tuple[float, float]:
    """PSI and p-value of a window against a reference."""
    known = distribution(reference)
    counts = (known.counts, tally({"x": known}, {"x": [*window]})["x"].counts)
    old, new = (np.array(one, dtype=np.float64) for one in counts)
    return psi(old, new), homogeneity(old, new)[2]


def sample(rows: int, seed: int = 0) -> list[float]:
    """Numbers of which none is there twice."""
    numbers: list[float] = np.random.default_rng(seed).lognormal(size=rows).tolist()
    return numbers


def test_a_number_has_ten_equal_bins_and_one_for_missing_values() -> None:
    age = reference()["age"]
    assert len(age.edges or ()) == 9
    assert age.counts[-1] == 263
    assert all(80 <= count <= 130 for count in age.counts[:-1])
    assert [age.least, age.most] == pytest.approx([0.1667, 80], abs=1e-4)


def test_the_edges_of_a_continuous_number_are_its_deciles() -> None:
    numbers = sample(1_000)
    found = of_numbers(np.array(numbers))
    assert found.edges == np.quantile(numbers, np.arange(1, 10) / 10).tolist()
    assert found.counts == [100] * 10 + [0]


def test_a_number_with_few_values_has_a_bin_for_each() -> None:
    found = reference()["pclass"]
    assert found.counts == [0, 323, 0, 277, 0, 709, 0, 0]
    assert found.edges == pytest.approx([1, 1, 2, 2, 3, 3], rel=1e-5)
    window = tally({"pclass": found}, {"pclass": [1.0, 2.0, 3.0, None, 2.5, 0.0, 4.0]})
    assert window["pclass"] == Tally(counts=[1, 1, 0, 1, 1, 1, 1, 1], outside=2)


def test_a_value_that_is_rare_has_no_bin_of_its_own_among_many() -> None:
    found = distribution([*sample(950), *[0.0] * 50])
    assert len(found.edges or ()) == 9


def test_a_number_that_is_never_known_has_an_empty_bin_and_a_missing_one() -> None:
    found = of_numbers(np.full(5, np.nan))
    assert (found.edges, found.counts, found.least) == ([], [0, 5], None)
    window = tally({"age": found}, {"age": [3.0, None]})
    assert window["age"] == Tally(counts=[1, 1])


HEAVY = 900
SHAPES: dict[str, Numbers] = {
    "constant": [3.0] * 1_000,
    "constantly zero": [0.0] * 1_000,
    "constant where it is known": [3.0] * 500 + [None] * 500,
    "two values": [0.0] * 500 + [1.0] * 500,
    "two values, one of them rare": [0.0] * 980 + [1.0] * 20,
    "integers": [float(number % 7) for number in range(1_000)],
    "many integers": [float(number % 40) for number in range(1_000)],
    "few counts beside many zeros": [0.0] * 900 + [1.0] * 60 + [2.0] * 30 + [3.0] * 10,
    "the largest value nine times in ten": [3.0] * 920 + [2.0] * 40 + [1.0] * 40,
    "heavy at the low end": [0.0] * HEAVY + [1 + number for number in sample(100)],
    "heavy at the high end": [-number for number in sample(100)] + [1.0] * HEAVY,
    "heavy in the middle": [-1 - number for number in sample(50)] + [0.0] * HEAVY + sample(50, seed=1),
    "two heavy values": [0.0] * 400 + [5.0] * 400 + sample(200),
    "tiny beside huge": [0.0] * HEAVY + [1e-9 * number for number in sample(50)] + [1e6] * 50,
    "continuous": sample(1_000),
    "all missing": [None] * 1_000,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_rows_have_not_drifted(shape: str) -> None:
    numbers = SHAPES[shape]
    index, p_value = drift(numbers, numbers)
    assert index == 0
    assert p_value == pytest.approx(1)
    assert distribution(numbers).rows == 1_000


@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ("constant", [1.0] * 500),
        ("constant", [4.0] * 500),
        ("constant", [None] * 500),
        ("constantly zero", [1e-3] * 500),
        ("constant where it is known", [2.0] * 250 + [None] * 250),
        ("two values", [0.0] * 100 + [1.0] * 400),
        ("two values", [0.0] * 250 + [0.5] * 250),
        ("two values, one of them rare", [0.0] * 400 + [1.0] * 100),
        ("integers", [0.0] * 500),
        ("integers", [number % 7 + 0.5 for number in range(500)]),
        ("many integers", [float(number % 20) for number in range(500)]),
        ("few counts beside many zeros", [0.0] * 450 + [3.0] * 50),
        # It had one bin, in which all of this was as before.
        ("the largest value nine times in ten", [1.0] * 500),
        ("the largest value nine times in ten", [3.0] * 350 + [2.0] * 150),
        ("the largest value nine times in ten", [3.0] * 400 + [4.0] * 100),
        ("heavy at the low end", [-1.0] * 500),
        ("heavy at the low end", [0.0] * 300 + [5.0] * 200),
        ("heavy at the low end", [0.5] * 500),
        ("heavy at the high end", [-1.0] * 500),
        ("heavy at the high end", [1.0] * 300 + [-1.0] * 200),
        ("heavy at the high end", [2.0] * 500),
        # What lay below it was in one bin with it.
        ("heavy in the middle", [-2.0] * 475 + [1.0] * 25),
        ("heavy in the middle", [0.0] * 300 + [-2.0] * 200),
        ("heavy in the middle", [0.0] * 300 + [2.0] * 200),
        ("heavy in the middle", [0.01] * 500),
        ("two heavy values", [0.0] * 200 + [4.0] * 300),
        ("tiny beside huge", [1e-9] * 500),
        ("continuous", [2 * number for number in sample(500)]),
        ("all missing", [1.0] * 500),
        ("all missing", [1.0] * 100 + [None] * 400),
    ],
)
def test_other_rows_have(shape: str, window: Numbers) -> None:
    index, p_value = drift(SHAPES[shape], window)
    assert index > 0.1
    assert p_value < 1e-6


def counted_by_hand(reference: Numbers, window: Numbers) -> float:
    """PSI of a number of few values, in plain Python.

    Each value of the reference is a kind of its own, and so is whatever lies between two of them, below or
    above all, or is missing.
    """
    known = sorted({number for number in reference if number is not None})

    def kind(number: float | None) -> object:
        return number if number is None or number in known else ("gap", sum(one < number for one in known))

    old, new = (Counter(map(kind, rows)) for rows in (reference, window))
    shares = [
        (max(old[one] / len(reference), 1e-4), max(new[one] / len(window), 1e-4)) for one in {*old, *new}
    ]
    return sum((q - p) * log(q / p) for p, q in shares)


HUGE = float(np.finfo(np.float32).max)
FEW: dict[str, Numbers] = {
    "constant": [3.0] * 1_000,
    "a boolean": [0.0] * 400 + [1.0] * 500 + [None] * 100,
    "a boolean that is nearly always true": [0.0] * 20 + [1.0] * 980,
    "heavy at the low end": [1.0] * 920 + [2.0] * 40 + [3.0] * 40,
    "heavy in the middle": [1.0] * 40 + [2.0] * 920 + [3.0] * 40,
    "heavy at the high end": [3.0] * 920 + [2.0] * 40 + [1.0] * 40,
    "integers": [float(number % 7) for number in range(1_000)],
    "all missing": [None] * 1_000,
    "a value that stands for unknown": [0.0] * 600 + [999_999_999.0] * 400,
    "as far apart as float32 goes": [-HUGE] * 300 + [0.0] * 400 + [HUGE] * 300,
}


WINDOWS: dict[str, Numbers] = {
    "all 1": [1.0] * 500,
    "all 3": [3.0] * 500,
    "0 and 1": [0.0] * 250 + [1.0] * 250,
    "all missing": [None] * 500,
    "2 and missing": [2.0] * 400 + [None] * 100,
    "new in between": [1.0] * 300 + [1.5] * 200,
    "new below": [-7.0] * 100 + [3.0] * 400,
    "new above": [3.0] * 400 + [99.0] * 100,
    "both ends": [HUGE] * 250 + [-HUGE] * 250,
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shape", FEW)
def test_the_psi_of_a_number_of_few_values_is_that_of_its_values(shape: str, window: str) -> None:
    rows = WINDOWS[window]
    assert drift(FEW[shape], rows)[0] == pytest.approx(counted_by_hand(FEW[shape], rows), rel=1e-9)


def test_a_huge_number_that_stands_for_unknown_does_not_make_the_others_equal() -> None:
    index, p_value = drift([0.0] * 600 + [999_999_999.0] * 400, [900.0] * 300 + [999_999_999.0] * 200)
    assert index > 0.1
    assert p_value < 1e-6


def test_the_psi_of_a_number_that_was_nearly_always_its_largest_value() -> None:
    # 0.92, 0.04 and 0.04 became 0.0001, 0.0001 and 1.
    expected = (
        (1e-4 - 0.92) * log(1e-4 / 0.92) + (1e-4 - 0.04) * log(1e-4 / 0.04) + (1 - 0.04) * log(1 / 0.04)
    )
    found, p_value = drift([3.0] * 920 + [2.0] * 40 + [1.0] * 40, [1.0] * 500)
    assert found == pytest.approx(expected) == pytest.approx(11.725, abs=1e-3)
    assert p_value < 1e-200


def test_a_category_that_the_reference_has_no_row_of_is_drift() -> None:
    known = {"port": Distribution(categories=["C", "Q", "S"], counts=[300, 0, 700, 0])}
    found = tally(known, {"port": ["C"] * 150 + ["Q"] * 100 + ["S"] * 250})["port"]
    old, new = (np.array(one, dtype=np.float64) for one in (known["port"].counts, found.counts))
    expected = (0.2 - 1e-4) * log(0.2 / 1e-4) + (0.5 - 0.7) * log(0.5 / 0.7)
    assert psi(old, new) == pytest.approx(expected)
    assert homogeneity(old, new)[2] < 1e-20


def test_scores_that_are_all_alike_drift_when_they_move() -> None:
    """A model that says nearly the same of every row: its scores have one value, or hardly more."""
    known = of_numbers(np.full(1_000, 0.25, dtype=np.float32))
    moved = tally({"probability": known}, {"probability": [0.2501] * 500})["probability"]
    assert moved.counts == [0, 0, 500, 0]


def test_a_value_that_another_processor_computed_is_the_same_one() -> None:
    """Probabilities of a tree are few, and the last bit of one may differ from one machine to another."""
    chances = np.repeat(np.array([0.1, 0.3, 0.7], dtype=np.float32), 300)
    known = of_numbers(chances)
    for other in (np.nextafter(chances, np.float32(0)), np.nextafter(chances, np.float32(1))):
        assert tally({"p": known}, {"p": other.tolist()})["p"].counts == known.counts


def test_a_dataset_counted_as_a_window_is_its_own_reference() -> None:
    known = reference()
    window = table() | {"probability": [*np.linspace(0, 1, 1309).tolist()]}
    found = tally(known, window)
    assert {name: one.counts for name, one in found.items()} == {
        name: one.counts for name, one in known.items()
    }
    assert {one.outside for one in found.values()} == {0}


def test_two_windows_add_up_to_one() -> None:
    known = reference()
    first, second = passengers(400, years=30), passengers(250, seed=1)
    both = tally(known, {name: first[name] + second[name] for name in first})
    one, other = tally(known, first), tally(known, second)
    assert {name: one[name] + other[name] for name in known} == both
    assert both["age"].rows == 650
    assert both["age"].outside > 0


def test_a_category_that_does_not_exist_is_an_error() -> None:
    known = {"sex": Distribution(categories=["female", "male"], counts=[3, 4, 0])}
    with pytest.raises(ValueError, match="sex has values that are none of its categories"):
        tally(known, {"sex": ["male", "captain"]})
