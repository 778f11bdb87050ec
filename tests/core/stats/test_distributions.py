"""Distributions: the bins that a dataset makes, and windows that are counted into them."""

import numpy as np
import pytest

from functions.core.schema.passenger import FEATURES
from functions.core.stats.distributions import of_numbers, tally
from functions.core.stats.records import Distribution, Tally
from tests.support.windows import passengers
from training.dataset import Dataset, to_columns
from training.train import reference


def test_a_number_has_ten_equal_bins_and_one_for_missing_values(titanic: Dataset) -> None:
    age = of_numbers(titanic.matrix[:, list(FEATURES).index("age")])
    assert len(age.edges or ()) == 9
    assert age.counts[-1] == 263
    assert all(80 <= count <= 130 for count in age.counts[:-1])
    assert [age.least, age.most] == pytest.approx([0.1667, 80], abs=1e-4)


def test_a_number_with_few_values_has_a_bin_for_each(titanic: Dataset) -> None:
    found = of_numbers(titanic.matrix[:, 0])
    assert (found.edges, found.counts) == ([1, 2], [323, 277, 709, 0])


def test_a_number_that_is_never_known_has_an_empty_bin_and_a_missing_one() -> None:
    found = of_numbers(np.full(5, np.nan))
    assert (found.edges, found.counts, found.least) == ([], [0, 5], None)
    window = tally({"age": found}, {"age": [3.0, None]})
    assert window["age"] == Tally(counts=[1, 1])


def test_a_dataset_counted_as_a_window_is_its_own_reference(titanic: Dataset) -> None:
    values = {name: column.ravel().tolist() for name, column in to_columns(titanic.matrix).items()}
    window = {name: [None if value in ("", None) else value for value in values[name]] for name in values}
    known = reference(titanic.matrix, np.linspace(0, 1, 300))
    found = tally(known, window | {"probability": np.linspace(0, 1, 300).tolist()})
    assert {name: one.counts for name, one in found.items()} == {
        name: one.counts for name, one in known.items()
    }
    assert {one.outside for one in found.values()} == {0}


def test_two_windows_add_up_to_one(titanic: Dataset) -> None:
    known = reference(titanic.matrix, np.linspace(0, 1, 1309))
    first, second = passengers(titanic, 400, years=30), passengers(titanic, 250, seed=1)
    both = tally(known, {name: first[name] + second[name] for name in first})
    one, other = tally(known, first), tally(known, second)
    assert {name: one[name] + other[name] for name in known} == both
    assert both["age"].rows == 650
    assert both["age"].outside > 0


def test_a_category_that_does_not_exist_is_an_error() -> None:
    known = {"sex": Distribution(categories=["female", "male"], counts=[3, 4, 0])}
    with pytest.raises(ValueError, match="sex has values that are none of its categories"):
        tally(known, {"sex": ["male", "captain"]})
