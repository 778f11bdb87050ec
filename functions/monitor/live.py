"""How good the champion is on the predictions whose outcome was reported, whoever chose these."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from functions.core.distribution import Tally
from functions.core.manifest import Distribution, Manifest
from functions.monitor.labelled import Labelled
from functions.monitor.quality import effective_rows, fallen, live_quality
from functions.monitor.report import LiveQuality

Floats = npt.NDArray[np.float64]

# The labels of a part of the predictions say nothing of the rest, and the holdout's metrics are of all.
_REPRESENTED = 0.95


def judge(
    champion: Manifest, answered: Iterable[Tally], labelled: Sequence[Labelled], min_labels: int
) -> LiveQuality:
    """The champion's quality in production, beside that on its holdout.

    answered: the probabilities of all of its predictions, in the bins of its manifest; labelled: those of
    them, made in the same days, whose outcome was reported, among predictions of other versions. With fewer
    than `min_labels` of the champion's nothing is said of its quality, and it is not said to have fallen
    unless they represent nearly all of its predictions.
    """
    own = [one for one in labelled if one.version == champion.version]
    chances = np.array([one.probability for one in own])
    weights, represented = _weights(chances, champion.reference["probability"], answered)
    quality = None
    if len(own) >= min_labels:
        survived = [one.survived for one in own]
        quality = live_quality(chances, survived, weights, threshold=champion.threshold)
    return LiveQuality(
        labels=len(own),
        effective_rows=effective_rows(weights),
        quality=quality,
        represented=represented,
        holdout=champion.metrics,
        fallen=fallen(quality, champion.metrics) if quality and represented >= _REPRESENTED else [],
    )


def _weights(chances: Floats, bins: Distribution, answered: Iterable[Tally]) -> tuple[Floats, float]:
    """For how many predictions each labelled one stands, and the share of all for which any does.

    The queue has the uncertain predictions labelled first, so the labelled ones are harder than the rest.
    Within a bin of probabilities, those that are labelled are taken to be like those that are not, and each
    counts for its part of the bin. Post-stratification: Holt & Smith (1979), Journal of the Royal Statistical
    Society A 142. That is so where labels are chosen by the probability and by chance. It is not where people
    asked the queue for one sex or class only, or report what they happen to know: what these labels say is
    said of predictions like them.
    """
    if not len(chances):
        return np.ones_like(chances), 0.0
    edges = np.array(bins.edges or [])
    stratum = np.searchsorted(edges, chances, side="left")
    labels = np.bincount(stratum, minlength=len(edges) + 1)
    # Outcomes also come of predictions that were made before the monitor began to count.
    counted = sum((np.array(day.counts[: len(labels)]) for day in answered), start=np.zeros_like(labels))
    predictions = np.maximum(counted, labels)
    represented = float(predictions[labels > 0].sum() / predictions.sum())
    return (predictions[stratum] / labels[stratum]).astype(np.float64), represented
