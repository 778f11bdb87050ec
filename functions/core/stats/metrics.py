"""How good probabilities are: the metrics of two-class models, in one place for training, gate and monitor.

Every row counts for `positive` rows of the positive class and `negative` rows of the other: a labelled row
for its weight on the side of its label, a row without a label for p and 1 - p.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A probability of 0 or 1 that is wrong would cost infinitely much; this caps it at 16.1 nats.
CLIP: Final = 1e-7
BINS: Final = 10


def log_loss_of_rows(outcomes: npt.ArrayLike, probability: npt.ArrayLike) -> Floats:
    """Log loss of each row in nats, shape [N]. outcomes: 0 or 1."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), CLIP, 1 - CLIP)
    losses: Floats = -np.log(np.where(np.asarray(outcomes) == 1, clipped, 1 - clipped))
    return losses


def metrics_of(
    outcomes: npt.ArrayLike, probability: npt.ArrayLike, *, threshold: float = 0.5
) -> dict[str, float]:
    """The metrics of N ≥ 1 rows: roc_auc, log_loss (nats), brier, accuracy and calibration_error.

    outcomes: 0 or 1; probability: 0 to 1. ROC AUC is NaN where only one outcome occurs.
    """
    chances = np.asarray(probability, dtype=np.float64)
    order = np.argsort(chances, kind="stable")
    positive = np.asarray(outcomes, dtype=np.float64)[order]
    metrics = weighted_metrics(chances[order], positive[None], 1 - positive[None], threshold)
    return {name: float(value) for name, (value,) in metrics.items()}


def weighted_metrics(
    chances: Floats, positive: Floats, negative: Floats, threshold: float
) -> dict[str, Floats]:
    """Each metric of D weightings of the same N rows, shape [D].

    chances: [N], ascending; positive, negative: [D, N], how many rows of each outcome a row counts for.
    calibration_error is the expected calibration error over ten bins of equal width: Naeini, Cooper &
    Hauskrecht (2015), "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI.
    """
    clipped = np.clip(chances, CLIP, 1 - CLIP)
    total = positive.sum(axis=1) + negative.sum(axis=1)
    says = chances > threshold
    in_bin = np.minimum((chances * BINS).astype(np.intp), BINS - 1)[:, None] == np.arange(BINS)
    # In each bin, how many were predicted to be positive above those that were.
    gaps = negative @ (in_bin * chances[:, None]) - positive @ (in_bin * (1 - chances[:, None]))
    return {
        "roc_auc": _roc_auc(chances, positive, negative),
        "log_loss": -(positive @ np.log(clipped) + negative @ np.log(1 - clipped)) / total,
        "brier": (positive @ (1 - chances) ** 2 + negative @ chances**2) / total,
        "accuracy": (positive[:, says].sum(axis=1) + negative[:, ~says].sum(axis=1)) / total,
        "calibration_error": np.abs(gaps).sum(axis=1) / total,
    }


def _roc_auc(chances: Floats, positive: Floats, negative: Floats) -> Floats:
    """The chance that a positive row has a higher probability than a negative one; ties count one half.

    The weighted Mann-Whitney U statistic: Hanley & McNeil (1982), Radiology 143.
    """
    starts = np.flatnonzero(np.diff(chances, prepend=-1))
    up, down = (np.add.reduceat(side, starts, axis=1) for side in (positive, negative))
    below = np.cumsum(down, axis=1) - down / 2
    pairs = up.sum(axis=1) * down.sum(axis=1)
    areas: Floats = np.sum(up * below, axis=1) / np.where(pairs > 0, pairs, np.nan)
    return areas
