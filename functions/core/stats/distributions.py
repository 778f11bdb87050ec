"""Distributions of values in bins: made once from a dataset, and counted into ever after."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from functions.core.stats.records import Distribution, Tally

MAX_BINS = 10
# Of a number itself, and of 1 at least where there are numbers that large. Numbers no further apart are one
# number, computed on two kinds of processor.
_SAME = 1e-6


def of_numbers(values: npt.NDArray[np.floating]) -> Distribution:
    """The distribution of numbers, shape [N], NaN for missing: up to ten bins with equal shares.

    The inner edges are the deciles of the known values (linear interpolation), each once. A value that more
    than a tenth of the known rows have gets a bin of its own instead, wherever it lies, and so does every
    value that is there twice, of a number that has ten or fewer: no other value, whether the dataset has it
    or not, counts as one of these. So a bin may be empty here that is not in a window.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return Distribution(edges=[], counts=[0, len(values)])
    edges = _edges(known)
    return Distribution(
        edges=edges.tolist(),
        counts=_counts(values, edges),
        least=float(known.min()),
        most=float(known.max()),
    )


def _edges(known: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    numbers, rows = np.unique(known, return_counts=True)
    few = len(numbers) <= MAX_BINS
    has_own_bin = rows > (1 if few else max(1, len(known) / MAX_BINS))
    # Nothing lies above the largest value, unless that has its own bin.
    deciles = np.quantile(known, np.arange(1, MAX_BINS) / MAX_BINS)
    deciles = np.array([]) if has_own_bin.all() else deciles[deciles < numbers[-1]]
    deciles = deciles[~np.isin(deciles, numbers[has_own_bin])]
    # Not of the largest of all: beside a 999,999,999 that stands for "unknown", 0 and 900 are not the same.
    size = np.abs(numbers)
    width = _SAME * np.maximum(size, min(1.0, size.max()) or 1.0)
    # Half of the way to the next number at most.
    halves = np.diff(numbers) / 2
    below = numbers - np.minimum(width, np.insert(halves, 0, np.inf))
    above = numbers + np.minimum(width, np.append(halves, np.inf))
    return np.unique(np.concatenate([deciles, below[has_own_bin], above[has_own_bin]]))


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
        rows = Counter(values)
        counts = [rows.pop(category, 0) for category in reference.categories] + [rows.pop(None, 0)]
        if rows:
            raise ValueError(f"{name} has values that are none of its categories: {len(rows)} kinds of them")
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
