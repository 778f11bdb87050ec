"""The curves, beside scikit-learn's and beside their definitions."""

import numpy as np
import pytest
from sklearn import calibration, metrics

from functions.core.stats.curves import MAX_POINTS, calibration_curve, roc_curve
from functions.core.stats.records import RocPoint


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    probability = np.round(draw.random(60), 2)
    return (draw.random(60) < probability).astype(int), probability


def test_the_roc_curve_is_that_of_scikit_learn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    false_rates, true_rates, thresholds = metrics.roc_curve(*rows, drop_intermediate=False)
    known = {*zip(false_rates, true_rates, thresholds, strict=True)}
    points = roc_curve(*rows)
    first, *others = points
    assert (first.false_positive_rate, first.true_positive_rate, first.threshold) == (0, 0, None)
    found = {(point.false_positive_rate, point.true_positive_rate, point.threshold) for point in others}
    assert found <= known
    assert (others[-1].false_positive_rate, others[-1].true_positive_rate) == (1, 1)
    assert area(points) == pytest.approx(metrics.roc_auc_score(*rows))


def test_rows_of_one_probability_are_one_step() -> None:
    points = roc_curve([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5])
    assert [(one.false_positive_rate, one.true_positive_rate, one.threshold) for one in points] == [
        (0, 0, None),
        (1, 1, 0.5),
    ]


def test_a_curve_of_many_rows_has_few_points_that_all_lie_on_it() -> None:
    draw = np.random.default_rng(2)
    probability = draw.random(20_000)
    outcomes = (draw.random(20_000) < probability).astype(int)
    points = roc_curve(outcomes, probability)
    assert 50 < len(points) <= MAX_POINTS
    false_rates, true_rates, _ = metrics.roc_curve(outcomes, probability, drop_intermediate=False)
    known = {*zip(false_rates, true_rates, strict=True)}
    assert {(one.false_positive_rate, one.true_positive_rate) for one in points} <= known
    assert area(points) == pytest.approx(metrics.roc_auc_score(outcomes, probability), abs=1e-3)


@pytest.mark.parametrize("outcomes", [[], [1, 1], [0, 0]])
def test_one_outcome_alone_has_no_roc_curve(outcomes: list[int]) -> None:
    assert roc_curve(outcomes, [0.5, 0.7][: len(outcomes)]) == []


def test_the_calibration_curve_is_that_of_scikit_learn() -> None:
    draw = np.random.default_rng(3)
    # None on the border of two bins, where scikit-learn takes the other one.
    probability = draw.random(200)
    outcomes = (draw.random(200) < probability).astype(int)
    shares, means = calibration.calibration_curve(outcomes, probability, n_bins=10)
    found = calibration_curve(outcomes, probability)
    assert [one.share.value for one in found] == pytest.approx(shares.tolist())
    assert [one.probability for one in found] == pytest.approx(means.tolist())
    assert sum(one.rows for one in found) == 200


def test_a_bin_without_a_row_is_left_out_and_a_certain_row_is_in_the_last() -> None:
    [low, high] = calibration_curve([0, 1, 1], [0.05, 0.95, 1.0])
    assert (low.rows, low.share.value, high.rows, high.share.value) == (1, 0, 2, 1)
    assert calibration_curve([], []) == []


def area(points: list[RocPoint]) -> float:
    return float(
        np.trapezoid([one.true_positive_rate for one in points], [one.false_positive_rate for one in points])
    )
