"""Distributions of values in bins: made once from a dataset, and counted into ever after."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from functions.core.stats.records import Distribution, Tally

MOST_BINS = 10


def of_numbers(values: npt.NDArray[np.floating]) -> Distribution:
    """The distribution of numbers, shape [N], NaN for missing: up to ten bins with equal shares.

    The inner edges are the deciles of the known values (linear interpolation), each once. So where one value
    is more than a tenth of all, there are fewer bins, and a number with few values has a bin for each.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return Distribution(edges=[], counts=[0, len(values)])
    edges = np.unique(np.quantile(known, np.arange(1, MOST_BINS) / MOST_BINS))
    # Nothing lies above the largest value.
    edges = edges[edges < known.max()]
    return Distribution(
        edges=edges.tolist(),
        counts=_counts(values, edges),
        least=float(known.min()),
        most=float(known.max()),
    )


def tally(
    reference: Mapping[str, Distribution], values: Mapping[str, Sequence[float | str | None]]
) -> dict[str, Tally]:
    """Count the rows of a window into the bins of `reference`.

    values: by the names of `reference`, a value for each row, None for missing. Raises `ValueError` for a
    category that is none of the distribution's.
    """
    return {name: _tally(name, distribution, values[name]) for name, distribution in reference.items()}


def _tally(name: str, reference: Distribution, values: Sequence[float | str | None]) -> Tally:
    if reference.categories is not None:
        found = Counter(values)
        counts = [found.pop(category, 0) for category in reference.categories] + [found.pop(None, 0)]
        if found:
            raise ValueError(f"{name} has values that are none of its categories: {len(found)} kinds of them")
        return Tally(counts=counts)
    # None becomes NaN.
    numbers = np.array(values, dtype=np.float64)
    outside = 0
    if reference.least is not None and reference.most is not None:
        outside = int(np.sum((numbers < reference.least) | (numbers > reference.most)))
    return Tally(counts=_counts(numbers, np.array(reference.edges or [])), outside=outside)


def _counts(numbers: npt.NDArray[np.floating], edges: npt.NDArray[np.float64]) -> list[int]:
    counts: list[int] = np.bincount(bins_of(numbers, edges), minlength=len(edges) + 2).tolist()
    return counts


def bins_of(numbers: npt.NDArray[np.floating], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The bin of each number, shape [N]: left-open and right-closed between the edges, the last for NaN."""
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="left"))
