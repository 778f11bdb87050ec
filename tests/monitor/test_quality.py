"""Live and expected quality against scikit-learn and NannyML; what their intervals and weights are worth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from functions.core.stats.records import Interval
from functions.monitor.quality import Quality, expected_quality, fallen, live_quality

NANNYML: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "core" / "stats" / "independent_drift.json").read_text()
)["expected_quality"]


def predictions(rows: int, seed: int = 0) -> tuple[Any, Any]:
    """Calibrated probabilities, some of them equal, and outcomes drawn from them."""
    random = np.random.default_rng(seed)
    chances = np.round(random.beta(0.7, 1.2, rows), 2)
    return chances, (random.random(rows) < chances).astype(int)


def measured(quality: Quality | None) -> dict[str, Interval]:
    assert quality is not None
    return quality.metrics


@pytest.mark.parametrize("weighted", [False, True])
def test_live_quality_is_that_of_scikit_learn(weighted: bool) -> None:
    chances, survived = predictions(400)
    weight = np.random.default_rng(1).uniform(1, 9, 400) if weighted else None
    quality = measured(live_quality(chances, survived, weight))
    expected = {
        "roc_auc": sklearn.roc_auc_score(survived, chances, sample_weight=weight),
        "log_loss": sklearn.log_loss(survived, np.clip(chances, 1e-7, 1 - 1e-7), sample_weight=weight),
        "brier": sklearn.brier_score_loss(survived, chances, sample_weight=weight),
        "accuracy": sklearn.accuracy_score(survived, chances > 0.5, sample_weight=weight),
    }
    assert {name: quality[name].value for name in expected} == pytest.approx(expected, rel=1e-12)


def test_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    chances, survived = predictions(400)
    found = measured(live_quality(chances, survived))["calibration_error"]
    bins = [np.minimum((chances * 10).astype(int), 9) == bin_ for bin_ in range(10)]
    gaps = [bin_.mean() * abs(chances[bin_].mean() - survived[bin_].mean()) for bin_ in bins if bin_.any()]
    assert found.value == pytest.approx(sum(gaps), rel=1e-12)


def test_a_weight_of_two_is_the_row_twice() -> None:
    chances, survived = predictions(100)
    once = measured(live_quality(chances, survived, np.where(np.arange(100) < 40, 2, 1)))
    twice = measured(live_quality(np.append(chances, chances[:40]), np.append(survived, survived[:40])))
    for name, found in once.items():
        assert found.value == pytest.approx(twice[name].value), name


def test_expected_quality_is_that_of_nannyml() -> None:
    quality = measured(expected_quality(NANNYML["probability"]))
    # NannyML rounds its counts of true and false positives to five decimals.
    assert quality["roc_auc"].value == pytest.approx(NANNYML["nannyml"]["roc_auc"], abs=2e-5)
    assert quality["accuracy"].value == pytest.approx(NANNYML["nannyml"]["accuracy"], abs=1e-12)
    assert set(quality) == {"roc_auc", "log_loss", "brier", "accuracy"}


def test_expected_quality_is_what_calibrated_probabilities_come_to() -> None:
    chances, survived = predictions(100_000)
    expected, live = measured(expected_quality(chances)), measured(live_quality(chances, survived))
    for name, found in expected.items():
        assert found.value == pytest.approx(live[name].value, abs=0.005), name


def test_weights_undo_that_uncertain_predictions_were_labelled_first() -> None:
    chances, survived = predictions(20_000)
    chosen_with = np.where(np.abs(chances - 0.5) < 0.2, 0.8, 0.1)
    chosen = np.random.default_rng(1).random(20_000) < chosen_with
    everything = measured(live_quality(chances, survived))
    weighed = measured(live_quality(chances[chosen], survived[chosen], 1 / chosen_with[chosen]))
    unweighed = measured(live_quality(chances[chosen], survived[chosen]))
    for name in ("roc_auc", "log_loss", "brier", "accuracy"):
        assert weighed[name].low < everything[name].value < weighed[name].high, name
        assert not unweighed[name].low < everything[name].value < unweighed[name].high, name


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    truth = measured(expected_quality(predictions(100_000, seed=1)[0]))
    held = dict.fromkeys(truth, 0)
    for seed in range(100):
        found = measured(live_quality(*predictions(100, seed=1_000 + seed)))
        for name in held:
            held[name] += found[name].low <= truth[name].value <= found[name].high
    # Of 100 intervals that hold it with a chance of 95 %, fewer than 88 do so twice in a thousand times.
    assert min(held.values()) >= 88, held
    assert sum(held.values()) < 400, held


def test_many_rows_have_intervals_as_narrow_as_they_deserve() -> None:
    chances, survived = predictions(40_000)
    widths = []
    for rows in (5_000, 40_000):
        found = measured(live_quality(chances[:rows], survived[:rows]))["brier"]
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(8), rel=0.1)


def test_unequal_weights_leave_fewer_effective_rows() -> None:
    chances, survived = predictions(100)
    quality = live_quality(chances, survived, np.where(np.arange(100) < 50, 3, 1))
    assert quality is not None
    assert [quality.rows, quality.effective_rows] == pytest.approx([100, 80])


def test_few_rows_or_one_outcome_say_nothing() -> None:
    chances, survived = predictions(100)
    assert live_quality(chances[:29], survived[:29]) is None
    assert live_quality(chances[:30], survived[:30]) is not None
    assert live_quality(chances, np.ones(100)) is None
    assert live_quality(chances, np.zeros(100)) is None
    assert live_quality([], []) is None
    assert live_quality(chances, survived, np.where(np.arange(100) == 0, 1e6, 1)) is None
    assert expected_quality(chances[:29]) is None
    assert expected_quality(chances[:30]) is not None
    assert expected_quality([]) is None
    assert expected_quality(np.zeros(50)) is None


def test_an_outcome_that_is_nearly_always_the_same_has_an_interval_nevertheless() -> None:
    chances, _ = predictions(60)
    found = measured(live_quality(chances, np.arange(60) == np.argmax(chances)))
    assert np.isfinite([(one.low, one.high) for one in found.values()]).all()


@pytest.mark.parametrize(
    ("probability", "survived", "weight", "complaint"),
    [
        ([0.5, 0.2], [1], None, "one outcome and one weight is needed for each of 2 probabilities"),
        ([0.5, 0.2], [1, 0], [1], "one outcome and one weight is needed"),
        ([0.5, 1.2], [1, 0], None, "from 0 to 1"),
        ([0.5, np.nan], [1, 0], None, "from 0 to 1"),
        (0.5, 1, None, "from 0 to 1"),
        ([0.5, 0.2], [1, 2], None, "0 or 1"),
        ([0.5, 0.2], [1, 0], [1, 0], "finite number above 0"),
        ([0.5, 0.2], [1, 0], [1, np.inf], "finite number above 0"),
    ],
)
def test_impossible_values_are_refused(probability: Any, survived: Any, weight: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        live_quality(probability, survived, weight)


def test_the_threshold_decides_what_counts_as_right() -> None:
    chances, survived = predictions(200)
    found = measured(live_quality(chances, survived, threshold=0.8))["accuracy"]
    assert found.value == pytest.approx(np.mean((chances > 0.8) == survived))


def test_a_model_that_got_worse_has_fallen_and_one_that_did_not_has_not() -> None:
    chances, survived = predictions(600)
    holdout = measured(live_quality(*predictions(600, seed=1)))
    same, worse = live_quality(chances, survived), live_quality(chances, survived[::-1])
    assert same is not None
    assert worse is not None
    assert fallen(same, holdout) == []
    assert fallen(worse, holdout) == ["roc_auc", "log_loss", "brier"]
    # Better is not worse, and a metric that the manifest does not have cannot fall.
    assert fallen(same, measured(worse)) == []
    assert fallen(worse, {}) == []
