"""How good the champion is on the predictions whose outcome was reported, whoever chose these."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from functions.core.distribution import Tally
from functions.core.manifest import Distribution, Manifest
from functions.monitor.labelled import Labelled
from functions.monitor.quality import fallen, live_quality
from functions.monitor.report import LiveQuality

Floats = npt.NDArray[np.float64]


def judge(champion: Manifest, answered: Tally, labelled: Sequence[Labelled], min_labels: int) -> LiveQuality:
    """The champion's quality in production, beside that on its holdout.

    answered: the probabilities of all of its predictions, in the bins of its manifest; labelled: predictions
    of any version. With fewer than `min_labels` of the champion's nothing is said of its quality.
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
        quality=quality,
        represented=represented,
        holdout=champion.metrics,
        fallen=fallen(quality, champion.metrics) if quality else [],
    )


def _weights(chances: Floats, bins: Distribution, answered: Tally) -> tuple[Floats, float]:
    """For how many predictions each labelled one stands, and the share of all for which any does.

    The queue has the uncertain predictions labelled first, so the labelled ones are harder than the rest. But
    it goes by the probability alone: within a bin of probabilities, those that are labelled are like those
    that are not, and each counts for its part of the bin. Post-stratification: Holt & Smith (1979), Journal
    of the Royal Statistical Society A 142.
    """
    if not len(chances):
        return np.ones_like(chances), 0.0
    edges = np.array(bins.edges or [])
    stratum = np.searchsorted(edges, chances, side="left")
    labels = np.bincount(stratum, minlength=len(edges) + 1)
    # Outcomes also come of predictions that were made before the monitor began to count.
    predictions = np.maximum(np.array(answered.counts[: len(labels)]), labels)
    represented = float(predictions[labels > 0].sum() / predictions.sum())
    return (predictions[stratum] / labels[stratum]).astype(np.float64), represented
