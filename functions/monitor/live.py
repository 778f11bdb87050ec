"""How good the champion is on the predictions whose outcome was reported, whoever chose these."""

from collections.abc import Iterable, Sequence

import numpy as np

from functions.core.registry.manifest import Manifest
from functions.core.stats.metrics import Floats
from functions.core.stats.records import Tally
from functions.monitor.labelled import Labelled
from functions.monitor.quality import effective_rows, fallen, judged, live_quality
from functions.monitor.report import LiveQuality
from functions.monitor.strata import Strata, stratify

# The labels of a part of the predictions say nothing of the rest, and the holdout's metrics are of all.
_REPRESENTED = 0.95


def judge_quality(
    champion: Manifest, answered: Iterable[Tally], labelled: Sequence[Labelled], min_labels: int
) -> LiveQuality:
    """The champion's quality in production, beside that on its holdout.

    answered: the probabilities of all of its predictions, in the bins of its manifest; labelled: those of
    them, made in the same days, whose outcome was reported, among predictions of other versions. With fewer
    than `min_labels` of the champion's nothing is said of its quality, and it is not said to have fallen
    unless they represent nearly all of its predictions.
    """
    strata = stratify(champion, labelled, answered)
    own = [labelled[index] for index in strata.own]
    weights, represented = _weights(strata)
    quality = None
    if len(own) >= min_labels:
        chances = np.array([label.probability for label in own])
        outcomes = [label.outcome for label in own]
        quality = live_quality(chances, outcomes, weights, threshold=champion.threshold)
    is_judged = quality is not None and represented >= _REPRESENTED
    return LiveQuality(
        labels=len(own),
        effective_rows=effective_rows(weights),
        quality=quality,
        represented=represented,
        holdout=champion.metrics,
        judged=judged(champion.metrics) if is_judged else [],
        fallen=fallen(quality, champion.metrics) if quality and is_judged else [],
    )


def _weights(strata: Strata) -> tuple[Floats, float]:
    """For how many predictions each labelled one stands, and the share of all for which any does.

    The queue has the uncertain predictions labelled first, so the labelled ones are harder than the rest.
    Within a bin of probabilities, those that are labelled are taken to be like those that are not, and each
    counts for its part of the bin. Post-stratification: Holt & Smith (1979), Journal of the Royal Statistical
    Society A 142. That is so where labels are chosen by the probability and by chance. It is not where people
    asked the queue for some kinds of rows only, or report what they happen to know: what these labels say is
    said of predictions like them.
    """
    if not strata.own:
        return np.ones(0), 0.0
    # Outcomes also come of predictions that were made before the monitor began to count.
    predictions = np.maximum(strata.predictions, strata.labels)
    represented = float(predictions[strata.labels > 0].sum() / predictions.sum())
    return (predictions / np.maximum(strata.labels, 1))[strata.bins], represented
