"""How good the champion is now: measured on labelled predictions, estimated where there are no labels.

Both are the same computation. Every row counts for `positive` rows that survived and `negative` rows that
died: a labelled row for its weight on the side of its label, a row without a label for p and 1 - p.
"""

from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from functions.core.base.records import Record
from functions.core.stats.records import Interval

Floats = npt.NDArray[np.float64]

# A probability of 0 or 1 that is wrong would cost infinitely much; this caps it at 16.1 nats.
CLIP: Final = 1e-7
BINS: Final = 10
FEWEST_ROWS: Final = 30
DRAWS: Final = 1_000
# Of more rows, so many are chosen at random to be resampled, and the width is scaled to that of all: 1,000
# draws of 5,000 rows take about a second.
MOST_ROWS: Final = 5_000
# Resampled numbers that are in memory at once: 8 MB of them.
_CELLS: Final = 1_000_000
# Metrics by which a model is said to have fallen. Calibration error is none: on few rows chance raises it.
_BETTER_WHEN_HIGHER: Final = {"roc_auc": True, "log_loss": False, "brier": False}


class Quality(Record):
    """`metrics`: roc_auc, log_loss (nats), brier, accuracy and calibration_error, as in the manifest.

    effective_rows: the number of equally weighted rows that would tell as much, (sum w)^2 / sum w^2: Kish
    (1965), "Survey Sampling", Wiley.
    """

    rows: int
    effective_rows: float
    metrics: dict[str, Interval]


def live_quality(
    probability: npt.ArrayLike,
    survived: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    threshold: float = 0.5,
) -> Quality | None:
    """The metrics of labelled predictions, with 95 % intervals; None where these say nothing yet.

    probability: what was answered; survived: 0 or 1; weight: above 0, for how many predictions the row
    stands; all of shape [N]. The weights are divided by their sum. `functions.monitor.live` weights by strata
    of the probability, so that the sample stands for all predictions though the uncertain ones were labelled
    first: that holds where within a stratum the labelled are like the others. Without weights they stand for
    themselves alone.

    Intervals: percentile bootstrap over rows with their weights, Efron & Tibshirani (1993), ch. 13. None with
    fewer than 30 effective rows, or when only one outcome occurs (among 5,000 rows, where there are more).
    The calibration error of few rows is raised by chance: of 100 perfectly calibrated ones it is 0.09, of
    1,000 it is 0.03.
    Raises `ValueError` when shapes differ or a value is out of its range.
    """
    chances = _probabilities(probability)
    outcomes = np.asarray(survived, dtype=np.float64)
    weights = np.ones_like(chances) if weight is None else np.asarray(weight, dtype=np.float64)
    if not chances.shape == outcomes.shape == weights.shape:
        raise ValueError(
            f"one outcome and one weight is needed for each of {len(chances)} probabilities, "
            f"got shapes {outcomes.shape} and {weights.shape}"
        )
    if not np.isin(outcomes, (0, 1)).all():
        raise ValueError("an outcome is 0 or 1")
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError("a weight is a finite number above 0")
    return _quality(chances, weights * outcomes, weights * (1 - outcomes), threshold)


def expected_quality(probability: npt.ArrayLike, *, threshold: float = 0.5) -> Quality | None:
    """What the metrics would be if every probability were right, with 95 % intervals; None below 30 rows.

    probability: what was answered, shape [N]. Confidence-based performance estimation: each row is taken to
    survive with the chance that the model gives it (NannyML, "How it works: Confidence-based Performance
    Estimation"; the formula for ROC AUC is theirs, which counts a row against itself as one half). It needs
    no label, and it holds only while the model is calibrated on the passengers who come now: a change in who
    they are shows (covariate shift), a change in who survives does not (concept drift). So it says how hard
    the passengers are, not whether the model is wrong: for that, compare it with `live_quality` as labels
    come in. Calibration error is left out, being 0 by assumption. The intervals are those of drawing other
    rows, by the same bootstrap.
    Raises `ValueError` for what is no probability.
    """
    chances = _probabilities(probability)
    quality = _quality(chances, chances, 1 - chances, threshold)
    if quality is None:
        return None
    metrics = {name: found for name, found in quality.metrics.items() if name != "calibration_error"}
    return quality.model_copy(update={"metrics": metrics})


def effective_rows(weights: Floats) -> float:
    """How many equally weighted rows would tell as much; 0 for none. weights: above 0, shape [N]."""
    return float(weights.sum() ** 2 / np.sum(weights**2)) if len(weights) else 0.0


def fallen(live: Quality, holdout: dict[str, Interval]) -> list[str]:
    """The metrics among roc_auc, log_loss and brier that are worse in production than on the holdout.

    A metric has fallen when its whole interval lies beyond the bad end of the holdout's. Chance alone does
    that to a metric in 0.3 % of cases when both intervals are equally wide, in up to 2.5 % when one of them
    is far wider.
    """
    return [
        name
        for name, higher in _BETTER_WHEN_HIGHER.items()
        if name in holdout
        and (
            live.metrics[name].high < holdout[name].low
            if higher
            else live.metrics[name].low > holdout[name].high
        )
    ]


def _probabilities(values: npt.ArrayLike) -> Floats:
    chances = np.asarray(values, dtype=np.float64)
    if chances.ndim != 1 or not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError("probabilities are a list of numbers from 0 to 1")
    return chances


def _quality(chances: Floats, positive: Floats, negative: Floats, threshold: float) -> Quality | None:
    weights = positive + negative
    # Chances and their complements may add up to a little less than 1.
    effective = effective_rows(weights)
    if effective < FEWEST_ROWS - 1e-6:
        return None
    order = np.argsort(chances, kind="stable")
    chances, positive, negative = chances[order], positive[order], negative[order]
    random = np.random.default_rng(0)
    rows = np.sort(random.permutation(len(chances))[:MOST_ROWS])
    if not positive[rows].any() or not negative[rows].any():
        return None
    spread = _spread(random, chances[rows], positive[rows], negative[rows], threshold)
    scale = sqrt(len(rows) / len(chances))
    metrics = {}
    for name, (value,) in _metrics(chances, positive[None], negative[None], threshold).items():
        low, high = value + scale * np.percentile(spread[name], [2.5, 97.5])
        metrics[name] = Interval(value=float(value), low=float(low), high=float(high))
    return Quality(rows=len(chances), effective_rows=effective, metrics=metrics)


def _spread(
    random: np.random.Generator, chances: Floats, positive: Floats, negative: Floats, threshold: float
) -> dict[str, Floats]:
    """How far each metric lies from its value in each of DRAWS resamplings of the rows."""
    values = _metrics(chances, positive[None], negative[None], threshold)
    rows = len(chances)
    at_once = max(1, _CELLS // rows)
    drawn: dict[str, list[Floats]] = {name: [] for name in values}
    for start in range(0, DRAWS, at_once):
        times = _times_drawn(random, rows, min(at_once, DRAWS - start))
        ours, theirs = times * positive, times * negative
        # A draw in which one outcome does not occur has no ROC AUC.
        both = ours.any(axis=1) & theirs.any(axis=1)
        for name, found in _metrics(chances, ours[both], theirs[both], threshold).items():
            drawn[name].append(found - values[name])
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def _times_drawn(random: np.random.Generator, rows: int, draws: int) -> npt.NDArray[np.intp]:
    """How often each row is drawn in each resampling, [draws, rows]."""
    drawn = random.integers(rows, size=(draws, rows)) + rows * np.arange(draws)[:, None]
    # One count of all resamplings: five times as fast as a multinomial draw for each.
    return np.bincount(drawn.ravel(), minlength=draws * rows).reshape(draws, rows)


def _metrics(chances: Floats, positive: Floats, negative: Floats, threshold: float) -> dict[str, Floats]:
    """Each metric of D weightings of the same N rows, shape [D].

    chances: [N], ascending; positive, negative: [D, N], how many survivors and dead a row counts for.
    """
    clipped = np.clip(chances, CLIP, 1 - CLIP)
    total = positive.sum(axis=1) + negative.sum(axis=1)
    says = chances > threshold
    in_bin = np.minimum((chances * BINS).astype(np.intp), BINS - 1)[:, None] == np.arange(BINS)
    # In each bin, how many were predicted to survive above those who did.
    gaps = negative @ (in_bin * chances[:, None]) - positive @ (in_bin * (1 - chances[:, None]))
    return {
        "roc_auc": _roc_auc(chances, positive, negative),
        "log_loss": -(positive @ np.log(clipped) + negative @ np.log(1 - clipped)) / total,
        "brier": (positive @ (1 - chances) ** 2 + negative @ chances**2) / total,
        "accuracy": (positive[:, says].sum(axis=1) + negative[:, ~says].sum(axis=1)) / total,
        "calibration_error": np.abs(gaps).sum(axis=1) / total,
    }


def _roc_auc(chances: Floats, positive: Floats, negative: Floats) -> Floats:
    """The chance that a survivor has a higher probability than one who died; ties count one half.

    The weighted Mann-Whitney U statistic: Hanley & McNeil (1982), Radiology 143.
    """
    starts = np.flatnonzero(np.diff(chances, prepend=-1))
    up, down = (np.add.reduceat(side, starts, axis=1) for side in (positive, negative))
    below = np.cumsum(down, axis=1) - down / 2
    found: Floats = np.sum(up * below, axis=1) / (up.sum(axis=1) * down.sum(axis=1))
    return found
