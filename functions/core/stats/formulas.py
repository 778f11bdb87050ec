"""Intervals that follow from counts by a formula: no rows are asked for, and no numpy."""

from math import sqrt
from statistics import NormalDist
from typing import Final

from functions.core.stats.records import Interval

_Z: Final = NormalDist().inv_cdf(0.975)


def wilson_interval(hits: int, rows: int) -> Interval:
    """The share of `hits` in `rows` ≥ 1, with its 95 % score interval: Wilson (1927), Journal of the American
    Statistical Association 22. It stays within 0 to 1, and holds for few rows too."""
    share, spread = hits / rows, _Z**2 / rows
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / rows + spread / rows / 4) / (1 + spread)
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def auc_interval(auc: float, positives: int, negatives: int) -> Interval | None:
    """A ROC AUC of so many rows of each outcome, with its 95 % interval.

    Hanley and McNeil (1982), "The meaning and use of the area under a ROC curve", Radiology 143. None where
    it says nothing: without a row of each outcome, and at 0 and 1, where its width is none.
    """
    if not positives or not negatives or not 0 < auc < 1:
        return None
    two_positives, two_negatives = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc)
        + (positives - 1) * (two_positives - auc**2)
        + (negatives - 1) * (two_negatives - auc**2)
    ) / (positives * negatives)
    half = _Z * sqrt(variance)
    return Interval(value=auc, low=max(0.0, auc - half), high=min(1.0, auc + half))
