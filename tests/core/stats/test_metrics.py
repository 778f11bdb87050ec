"""The metrics, beside scikit-learn's and beside their definitions."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from functions.core.stats.intervals import MAX_ROWS, metric_intervals
from functions.core.stats.metrics import log_loss_of_rows, metrics_of, weighted_metrics


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    probability = np.round(draw.random(500), 2)
    return (draw.random(500) < probability).astype(int), probability


def test_they_are_those_of_scikit_learn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    outcomes, probability = rows
    found = metrics_of(outcomes, probability)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(outcomes, probability))
    clipped = np.clip(probability, 1e-7, 1 - 1e-7)
    assert found["log_loss"] == pytest.approx(log_loss(outcomes, clipped))
    assert found["brier"] == pytest.approx(brier_score_loss(outcomes, probability))
    assert found["accuracy"] == pytest.approx(np.mean((probability > 0.5) == outcomes))


def test_a_weight_is_as_good_as_so_many_copies(rows: tuple[np.ndarray, np.ndarray]) -> None:
    outcomes, probability = rows[0][:50], rows[1][:50]
    order = np.argsort(probability, kind="stable")
    outcomes, probability = outcomes[order], probability[order]
    times = np.random.default_rng(2).integers(0, 4, size=50).astype(float)
    weighted = weighted_metrics(probability, (times * outcomes)[None], (times * (1 - outcomes))[None], 0.5)
    copies = metrics_of(np.repeat(outcomes, times.astype(int)), np.repeat(probability, times.astype(int)))
    assert {name: value[0] for name, value in weighted.items()} == pytest.approx(copies)


def test_the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_rows() -> None:
    assert metrics_of([1, 0, 1, 1], [0.85, 0.85, 0.25, 0.25])["calibration_error"] == pytest.approx(
        0.5 * abs(0.85 - 0.5) + 0.5 * abs(0.25 - 1)
    )


def test_one_outcome_alone_has_no_roc_auc_and_all_else() -> None:
    found = metrics_of([1, 1], [0.5, 0.9])
    assert np.isnan(found["roc_auc"])
    assert found["accuracy"] == 0.5


def test_a_certain_and_wrong_probability_costs_16_nats() -> None:
    assert log_loss_of_rows([1, 0, 1], [0.0, 1.0, 1.0]) == pytest.approx([16.118, 16.118, 1e-7], abs=1e-3)


def test_the_interval_of_the_brier_score_is_that_of_a_mean(rows: tuple[np.ndarray, np.ndarray]) -> None:
    outcomes, probability = rows
    found = metric_intervals(probability, outcomes, 1 - outcomes)
    assert found is not None
    squares = (probability - outcomes) ** 2
    half = 1.96 * squares.std() / np.sqrt(len(squares))
    assert found["brier"].value == pytest.approx(squares.mean())
    assert found["brier"].low == pytest.approx(squares.mean() - half, abs=0.2 * half)
    assert found["brier"].high == pytest.approx(squares.mean() + half, abs=0.2 * half)


def test_intervals_of_many_rows_are_as_narrow_as_they_should_be() -> None:
    draw = np.random.default_rng(3)
    probability = draw.random(4 * MAX_ROWS)
    outcomes = (draw.random(len(probability)) < probability).astype(int)
    found = metric_intervals(probability, outcomes, 1 - outcomes)
    assert found is not None
    half = 1.96 * ((probability - outcomes) ** 2).std() / np.sqrt(len(probability))
    assert found["brier"].high - found["brier"].low == pytest.approx(2 * half, rel=0.2)


def test_one_outcome_has_no_intervals() -> None:
    assert metric_intervals([0.1, 0.9], [1, 1], [0, 0]) is None
