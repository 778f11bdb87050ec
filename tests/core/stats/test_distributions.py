"""Distributions: the bins that a dataset makes, and windows that are counted into them."""

from collections.abc import Sequence

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
