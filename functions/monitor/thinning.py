"""Which of the labelled predictions stand for all predictions.

The queue has the uncertain predictions labelled first. That is what a model learns most from, but not what it
is used for. Held out, they would make it look worse than it is; counted in its reference distributions, they
would make any traffic look as if it had drifted. So they are thinned, and all others are only learned from.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.monitor.labelled import Labelled
from functions.monitor.strata import stratify

_MIN_LABELS = 5


def representative(champion: Manifest, labelled: Sequence[Labelled], answered: Iterable[Tally]) -> list[bool]:
    """For each of `labelled`, whether it is one of those that together are like all predictions.

    answered: as `stratify` takes it.

    Of the labelled ones in a bin a part is kept: the more, the more predictions there are for each of them,
    and all where there are most. Bins with a few labels only do not count for that: one label in a large bin
    would leave next to nothing of the others. Within a bin those that are labelled are taken to be like those
    that are not, as `functions.monitor.live` does, which weighs them instead. Nothing can stand for a bin
    without labels. What another version answered is not kept: the champion would have it in a bin that nobody
    knows. (What was marked when that version served, stays so: `functions.monitor.dataset`.)
    """
    strata = stratify(champion, labelled, answered)
    # Where there are only a few everywhere, the most of these are enough.
    enough = strata.labels >= max(1, min(_MIN_LABELS, strata.labels.max()))
    most = (strata.predictions[enough] / strata.labels[enough]).max(initial=0)
    kept = [False] * len(labelled)
    if most:
        left = np.rint(strata.predictions / most)
        # The last digits of an id are random. Taken in their order, those that are kept stay mostly the same
        # when the counts move. How large they are must not count: it decides whether a prediction is logged.
        order = sorted(
            zip(strata.own, strata.bins, strict=True), key=lambda pair: labelled[pair[0]].prediction_id[-6:]
        )
        for index, bin_ in order:
            kept[index] = bool(left[bin_] > 0)
            left[bin_] -= 1
    return kept
