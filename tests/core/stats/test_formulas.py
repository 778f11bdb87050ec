"""Intervals by a formula, beside figures that others published."""

import pytest

from functions.core.stats.formulas import auc_interval, wilson_interval


def test_the_interval_of_a_share_is_wilsons() -> None:
    # As statsmodels' proportion_confint(8, 10, method="wilson") has it.
    found = wilson_interval(8, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.490162, 0.943318), abs=1e-6)
    assert (wilson_interval(0, 5).low, wilson_interval(5, 5).high) == pytest.approx((0, 1), abs=1e-12)


def test_the_interval_of_a_roc_auc_is_hanleys_and_mcneils() -> None:
    # Their example of 51 abnormal and 58 normal images: an area of 0.893 with a standard error of 0.0325.
    found = auc_interval(0.893, 51, 58)
    assert found is not None
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(0.0325, abs=1e-4)
    assert found.low < 0.893 < found.high


@pytest.mark.parametrize(
    ("auc", "positives", "negatives"), [(1.0, 3, 4), (0.0, 3, 4), (0.7, 0, 4), (0.7, 3, 0)]
)
def test_a_roc_auc_of_which_the_formula_says_nothing_has_no_interval(
    auc: float, positives: int, negatives: int
) -> None:
    assert auc_interval(auc, positives, negatives) is None


def test_an_interval_of_a_roc_auc_stays_within_its_range() -> None:
    found = auc_interval(0.95, 2, 2)
    assert found is not None
    assert 0 <= found.low < found.high <= 1
