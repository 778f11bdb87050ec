"""How sure one can be of a difference between two models on the same rows.

A row may stand in a dataset many times: in exports that were joined, or because it was scored and labelled
again. Copies are no new evidence. So different rows are drawn, each with all of its copies.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from functions.core.stats.records import Interval
from training.model.evaluation import Probabilities

DRAWS = 2_000
MIN_ROWS = 30
_TOGETHER = 0.95
# More different rows than this are pooled at random into as many groups, and the groups are drawn instead.
# The spread of a mean is then known to 1 in sqrt(2 * 2,000), or 1.6 %, and drawing takes as long as for
# 2,000.
MAX_GROUPS = 2_000


def paired_bootstrap(
    loss_a: Probabilities,
    loss_b: Probabilities,
    twins: npt.NDArray[np.intp],
    parts: Mapping[str, npt.NDArray[np.bool_]],
) -> dict[str, Interval]:
    """Interval of mean(loss_a - loss_b) over the rows of each part, different rows resampled in pairs.

    loss_a, loss_b: per-row log loss in nats, shape [N], the same rows in the same order; twins: a number for
    each row, [N], the same for copies (`training.table.matrix.copies`); parts: bool [N] each, at least 30
    different rows. All intervals hold at once with a chance of 95 %: each is wider the more there are
    (Bonferroni's inequality). One resampling serves every part. Percentile method, Efron & Tibshirani (1993),
    "An Introduction to the Bootstrap", ch. 13, with different rows as the units that are drawn. Raises
    `ValueError` when the shapes differ or a part has fewer than 30 different rows.
    """
    masks = list(parts.values())
    if any(shape != loss_a.shape for shape in (loss_b.shape, twins.shape, *(part.shape for part in masks))):
        raise ValueError(f"two losses of the same rows are needed, got {loss_a.shape} and {loss_b.shape}")
    different = [distinct(twins[part]) for part in masks]
    if min(different) < MIN_ROWS:
        raise ValueError(f"{MIN_ROWS} or more different rows in each part are needed, got {different}")
    difference = loss_a - loss_b
    units, count = _units(twins)

    def summed(part: npt.NDArray[np.bool_], values: Probabilities | None) -> Probabilities:
        weights = None if values is None else values[part]
        return np.bincount(units[part], weights=weights, minlength=count).astype(np.float64)

    # Columns: the sum of the differences in each part, and behind them the rows in each part.
    sums = np.array(
        [*(summed(part, difference) for part in masks), *(summed(part, None) for part in masks)],
        dtype=np.float32,
    ).T
    drawn = _weights(count) @ sums
    means = drawn[:, : len(parts)] / drawn[:, len(parts) :]
    outside = (1 - _TOGETHER) / len(parts)
    low, high = np.quantile(means, [outside / 2, 1 - outside / 2], axis=0)
    return {
        name: Interval(value=float(difference[part].mean()), low=float(low[index]), high=float(high[index]))
        for index, (name, part) in enumerate(parts.items())
    }


def distinct(twins: npt.NDArray[np.intp]) -> int:
    """How many different rows there are."""
    return len(np.unique(twins))


def _units(twins: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], int]:
    """The unit of each row, [N], and how many units there are: different rows, or groups of them."""
    count = int(twins.max()) + 1
    if count <= MAX_GROUPS:
        return twins, count
    starts = np.linspace(0, count, MAX_GROUPS, endpoint=False).astype(np.intp)
    group = np.empty(count, dtype=np.intp)
    group[np.random.default_rng(0).permutation(count)] = (
        np.searchsorted(starts, np.arange(count), "right") - 1
    )
    return group[twins], MAX_GROUPS


@lru_cache(maxsize=1)
def _weights(count: int) -> npt.NDArray[np.float32]:
    """How often each of `count` rows is drawn in each resampling, [DRAWS, count]: 16 MB at most."""
    draw = np.random.default_rng(0)
    weights = np.empty((DRAWS, count), dtype=np.float32)
    for resampling in weights:
        resampling[:] = np.bincount(draw.integers(count, size=count), minlength=count)
    return weights
