"""The champion's predictions by their probability: of how many in each bin the outcome was reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import bins_of
from functions.core.stats.records import Tally
from functions.monitor.labelled import Labelled

Counts = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Strata:
    """`own`: the champion's among the labelled predictions, by their place, N of them. bins: [N], the bin of
    each. labels, predictions: [B], how many of each bin are labelled, and how many there are."""

    own: list[int]
    bins: Counts
    labels: Counts
    predictions: Counts


def stratify(champion: Manifest, labelled: Sequence[Labelled], answered: Iterable[Tally]) -> Strata:
    """labelled: of any version. answered: the probabilities of the champion's predictions, in the bins of its
    manifest; they are added up."""
    own = [index for index, label in enumerate(labelled) if label.version == champion.version]
    edges = np.array(champion.reference["probability"].edges or [])
    bins = bins_of(np.array([labelled[index].probability for index in own], dtype=np.float64), edges)
    labels = np.bincount(bins, minlength=len(edges) + 2)
    predictions = sum((np.array(tally.counts) for tally in answered), start=np.zeros_like(labels))
    return Strata(own, bins, labels, predictions)
