"""Whose labels count for how much: what one key can do to a model is bounded.

Rows that somebody uploaded, or labelled with an admin key, are vouched for: whoever holds such a key may
promote any model. A key that may only label must not come to the same by its labels, true or false. So of the
rows that one key labelled, the training side and the holdout take up to a share of the rows there that are
vouched for. Each side for itself: on which side a row stands can be computed by whoever sends it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.table.matrix import Mask

# What `labelled_by` says of a row that is vouched for.
VOUCHED = ""

Keys = npt.NDArray[np.object_]


def over_share(labelled_by: Keys, sides: Sequence[Mask], share: float) -> Mask:
    """bool [N]: the rows that are too many of their key on one of `sides`, the oldest ones of each.

    labelled_by: [N], the key that labelled each row, in the order of time, VOUCHED for those that are vouched
    for; share: of the latter, how many rows of one key may stand beside them.
    """
    over = np.zeros(len(labelled_by), dtype=np.bool_)
    vouched = labelled_by == VOUCHED
    for side in sides:
        most = int(share * np.count_nonzero(side & vouched))
        for key in np.unique(labelled_by[side & ~vouched].astype(str)):
            rows = np.flatnonzero(side & (labelled_by == key))
            over[rows[: max(0, len(rows) - most)]] = True
    return over


def notes_on(labelled_by: Keys, over: Mask, share: float) -> list[str]:
    """For each key of which rows are left out, how many and why, in a sentence."""
    return [
        f"{np.count_nonzero(over & (labelled_by == key))} of the {np.count_nonzero(labelled_by == key)} rows "
        f"that the key {key} labelled were left out, the oldest: beside the rows that were uploaded or "
        f"labelled with an admin key, one key's may be {share:.0%} of as many (LIFEBOAT_MAX_KEY_SHARE). "
        "They count in full once their outcomes are reported with an admin key"
        for key in np.unique(labelled_by[over].astype(str))
    ]
