"""How sure one can be of metrics: percentile bootstrap over rows with their weights.

Efron & Tibshirani (1993), "An Introduction to the Bootstrap", ch. 13.
"""

from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from functions.core.stats.metrics import Floats, weighted_metrics
from functions.core.stats.records import Interval

DRAWS: Final = 1_000
# Of more rows, so many are chosen at random to be resampled, and the width is scaled to that of all: 1,000
# draws of 5,000 rows take about a second.
MAX_ROWS: Final = 5_000
# Resampled numbers that are in memory at once: 8 MB of them.
_CELLS: Final = 1_000_000


def metric_intervals(
    probability: npt.ArrayLike, positive: npt.ArrayLike, negative: npt.ArrayLike, *, threshold: float = 0.5
) -> dict[str, Interval] | None:
    """Every metric with its 95 % interval; None where only one outcome occurs among the rows that are drawn
    from.

    probability, positive, negative: [N], as in `core.stats.metrics.weighted_metrics`, in any order. Draws in
    which one outcome does not occur are left out.
    """
    chances, ups, downs = (
        np.asarray(values, dtype=np.float64) for values in (probability, positive, negative)
    )
    order = np.argsort(chances, kind="stable")
    chances, ups, downs = chances[order], ups[order], downs[order]
    random = np.random.default_rng(0)
    rows = np.sort(random.permutation(len(chances))[:MAX_ROWS])
    if not ups[rows].any() or not downs[rows].any():
        return None
    spread = _spread(random, chances[rows], ups[rows], downs[rows], threshold)
    scale = sqrt(len(rows) / len(chances))
    intervals = {}
    for name, (value,) in weighted_metrics(chances, ups[None], downs[None], threshold).items():
        low, high = value + scale * np.percentile(spread[name], [2.5, 97.5])
        intervals[name] = Interval(value=float(value), low=float(low), high=float(high))
    return intervals


def _spread(
    random: np.random.Generator, chances: Floats, positive: Floats, negative: Floats, threshold: float
) -> dict[str, Floats]:
    """How far each metric lies from its value in each of DRAWS resamplings of the rows."""
    values = weighted_metrics(chances, positive[None], negative[None], threshold)
    rows = len(chances)
    at_once = max(1, _CELLS // rows)
    drawn: dict[str, list[Floats]] = {name: [] for name in values}
    for start in range(0, DRAWS, at_once):
        times = _times_drawn(random, rows, min(at_once, DRAWS - start))
        ups, downs = times * positive, times * negative
        # A draw in which one outcome does not occur has no ROC AUC.
        usable = ups.any(axis=1) & downs.any(axis=1)
        for name, drawn_values in weighted_metrics(chances, ups[usable], downs[usable], threshold).items():
            drawn[name].append(drawn_values - values[name])
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def _times_drawn(random: np.random.Generator, rows: int, draws: int) -> npt.NDArray[np.intp]:
    """How often each row is drawn in each resampling, [draws, rows]."""
    drawn = random.integers(rows, size=(draws, rows)) + rows * np.arange(draws)[:, None]
    # One count of all resamplings: five times as fast as a multinomial draw for each.
    return np.bincount(drawn.ravel(), minlength=draws * rows).reshape(draws, rows)
