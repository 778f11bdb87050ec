"""Which of the labelled predictions stand for all predictions.

The queue has the uncertain predictions labelled first. That is what a model learns most from, but not what it
is used for. Held out, they would make it look worse than it is; counted in its reference distributions, they
would make any traffic look as if it had drifted. So they are thinned, and all others are only learned from.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from functions.core.distribution import Tally, bins_of
from functions.core.manifest import Manifest
from functions.monitor.labelled import Labelled

_ENOUGH = 5


def representative(champion: Manifest, labelled: Sequence[Labelled], answered: Iterable[Tally]) -> list[bool]:
    """For each of `labelled`, whether it is one of those that together are like all predictions.

    answered: the probabilities of the champion's predictions, in the bins of its manifest; they are added up.

    Of the labelled ones in a bin a part is kept: the more, the more predictions there are for each of them,
    and all where there are most. Bins with a few labels only do not count for that: one label in a large bin
    would leave next to nothing of the others. Within a bin those that are labelled are taken to be like those that are
    not, as `functions.monitor.live` does, which weighs them instead. Nothing can stand for a bin without
    labels. What another version answered is not kept: the champion would have it in a bin that nobody knows.
    (What was marked when that version served, stays so: `functions.monitor.dataset`.)
    """
    # The last digits of an id are random. Taken in their order, those that are kept stay mostly the same when
    # the counts move. How large they are must not count: it decides whether a prediction is logged at all.
    own = sorted(
        (at for at, one in enumerate(labelled) if one.version == champion.version),
        key=lambda at: labelled[at].prediction_id[-6:],
    )
    edges = np.array(champion.reference["probability"].edges or [])
    bins = bins_of(np.array([labelled[at].probability for at in own], dtype=np.float64), edges)
    labels = np.bincount(bins, minlength=len(edges) + 2)
    predictions = sum((np.array(one.counts) for one in answered), start=np.zeros_like(labels))
    # Where there are a few labels everywhere, the most of these are enough.
    enough = labels >= max(1, min(_ENOUGH, labels.max()))
    most = (predictions[enough] / labels[enough]).max(initial=0)
    kept = [False] * len(labelled)
    if most:
        left = np.rint(predictions / most)
        for at, bin_ in zip(own, bins, strict=True):
            kept[at] = bool(left[bin_] > 0)
            left[bin_] -= 1
    return kept
