"""How well probabilities tell two outcomes apart, and whether they are right, as curves to be drawn."""

from typing import Final

import numpy as np
import numpy.typing as npt

from functions.core.stats.formulas import wilson_interval
from functions.core.stats.metrics import BINS
from functions.core.stats.records import CalibrationBin, RocPoint

# As many as a chart of 800 pixels can show.
MAX_POINTS: Final = 100


def roc_curve(
    outcomes: npt.ArrayLike, probability: npt.ArrayLike, *, max_points: int = MAX_POINTS
) -> list[RocPoint]:
    """The receiver operating characteristic of N rows, from (0, 0) to (1, 1); empty where only one outcome
    occurs.

    outcomes: 0 or 1; probability: 0 to 1; both [N]. A point is of those rows that have its threshold or more.
    Every point lies on the curve. Those between two that are on one line with them are left out; of what is
    still more than `max_points` (2 or more), those that divide the curve's length evenly are kept.
    Fawcett (2006), "An Introduction to ROC Analysis", Pattern Recognition Letters 27.
    """
    chances = np.asarray(probability, dtype=np.float64)
    order = np.argsort(-chances, kind="stable")
    chances, positive = chances[order], np.asarray(outcomes, dtype=np.float64)[order]
    # Rows of one probability are one step.
    ends = np.flatnonzero(np.diff(chances, append=-1))
    hits, alarms = np.cumsum(positive)[ends], np.cumsum(1 - positive)[ends]
    if not len(hits) or not hits[-1] or not alarms[-1]:
        return []
    true_rates, false_rates = np.append(0, hits) / hits[-1], np.append(0, alarms) / alarms[-1]
    kept = _evenly(false_rates, true_rates, _corners(np.append(0, hits), np.append(0, alarms)), max_points)
    thresholds = [None, *chances[ends].tolist()]
    return [
        RocPoint(
            false_positive_rate=float(false_rates[place]),
            true_positive_rate=float(true_rates[place]),
            threshold=thresholds[place],
        )
        for place in kept.tolist()
    ]


def _corners(hits: npt.NDArray[np.float64], alarms: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The places at which the curve turns, and its ends. Of counts: these are exact."""
    up, right = np.diff(hits), np.diff(alarms)
    turns = up[1:] * right[:-1] != up[:-1] * right[1:]
    return np.flatnonzero(np.concatenate([[True], turns, [True]]))


def _evenly(
    across: npt.NDArray[np.float64],
    up: npt.NDArray[np.float64],
    places: npt.NDArray[np.intp],
    most: int,
) -> npt.NDArray[np.intp]:
    if len(places) <= most:
        return places
    # From 0 to 2 along the curve.
    along = (across + up)[places]
    chosen = np.minimum(np.searchsorted(along, np.linspace(0, 2, most)), len(places) - 1)
    kept: npt.NDArray[np.intp] = places[np.unique(chosen)]
    return kept


def calibration_curve(outcomes: npt.ArrayLike, probability: npt.ArrayLike) -> list[CalibrationBin]:
    """What became of N rows that were given about the same probability, in ten bins of equal width.

    outcomes: 0 or 1; probability: 0 to 1; both [N]. Bins are those of `calibration_error` in
    `core.stats.metrics`; one without a row is left out.
    """
    chances = np.asarray(probability, dtype=np.float64)
    positive = np.asarray(outcomes, dtype=np.float64)
    bins = np.minimum((chances * BINS).astype(np.intp), BINS - 1)
    rows, hits, sums = (
        np.bincount(bins, weights=weights, minlength=BINS).tolist() for weights in (None, positive, chances)
    )
    return [
        CalibrationBin(probability=total / count, share=wilson_interval(int(hit), count), rows=count)
        for count, hit, total in zip(rows, hits, sums, strict=True)
        if count
    ]
