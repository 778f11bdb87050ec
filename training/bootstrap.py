"""How sure one can be of a difference between two models on the same rows.

A row may stand in a dataset many times: in exports that were joined, or because a passenger was scored and
labelled again. Copies are no new evidence. So whole passengers are drawn, each with all of its copies.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from functions.core.stats.records import Interval
from training.evaluation import Probabilities

DRAWS = 2_000
FEWEST_ROWS = 30
# More passengers than this are pooled at random into as many groups, and the groups are drawn instead. The
# spread of a mean is then known to 1 in sqrt(2 * 2,000), or 1.6 %, and drawing takes as long as for 2,000.
MOST_GROUPS = 2_000


def paired_bootstrap(
    loss_a: Probabilities,
    loss_b: Probabilities,
    passengers: npt.NDArray[np.intp],
    parts: Mapping[str, npt.NDArray[np.bool_]],
    *,
    together: float = 0.95,
) -> dict[str, Interval]:
    """Interval of mean(loss_a - loss_b) over the rows of each part, passengers resampled in pairs.

    loss_a, loss_b: per-row log loss in nats, shape [N], the same rows in the same order; passengers: whose
    row it is, [N], as `training.dataset.copies` numbers them; parts: bool [N] each, at least 30 different
    passengers. `together` is the chance that all intervals hold at once: each is wider the more there are
    (Bonferroni's inequality). One resampling serves every part. Percentile method, Efron & Tibshirani
    (1993), "An Introduction to the Bootstrap", ch. 13, with passengers as the units that are drawn.
    Raises `ValueError` when the shapes differ or a part has fewer than 30 passengers.
    """
    rows = np.array(list(parts.values()), dtype=np.float64).reshape(len(parts), -1).T
    if not loss_a.shape == loss_b.shape == passengers.shape == rows.shape[:1]:
        raise ValueError(f"two losses of the same rows are needed, got {loss_a.shape} and {loss_b.shape}")
    different = [distinct(passengers[part]) for part in parts.values()]
    if min(different) < FEWEST_ROWS:
        raise ValueError(f"{FEWEST_ROWS} or more passengers in each part are needed, got {different}")
    difference = loss_a - loss_b
    # Columns: the sum of the differences in each part, and beside them the rows in each part.
    by_row = np.hstack([rows * difference[:, None], rows])
    sums = _pooled(np.array([np.bincount(passengers, weights=column) for column in by_row.T]).T)
    drawn = _weights(len(sums)) @ sums.astype(np.float32)
    means = drawn[:, : len(parts)] / drawn[:, len(parts) :]
    outside = (1 - together) / len(parts)
    low, high = np.quantile(means, [outside / 2, 1 - outside / 2], axis=0)
    return {
        name: Interval(value=float(difference[part].mean()), low=float(low[at]), high=float(high[at]))
        for at, (name, part) in enumerate(parts.items())
    }


def distinct(passengers: npt.NDArray[np.intp]) -> int:
    """How many different passengers there are."""
    return len(np.unique(passengers))


def _pooled(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if len(sums) <= MOST_GROUPS:
        return sums
    order = np.random.default_rng(0).permutation(len(sums))
    starts = np.linspace(0, len(sums), MOST_GROUPS, endpoint=False).astype(np.intp)
    pooled: npt.NDArray[np.float64] = np.add.reduceat(sums[order], starts)
    return pooled


@lru_cache(maxsize=1)
def _weights(count: int) -> npt.NDArray[np.float32]:
    """How often each of `count` rows is drawn in each resampling, [DRAWS, count]: 16 MB at most."""
    draw = np.random.default_rng(0)
    weights = np.empty((DRAWS, count), dtype=np.float32)
    for resampling in weights:
        resampling[:] = np.bincount(draw.integers(count, size=count), minlength=count)
    return weights
