"""In which order predictions are to be labelled: the least certain first, and every so often one at random.

A label teaches most where the model is least sure; but the model's hardest cases say little about how good it
is. So a share of the places is drawn at random from all the others. Whether a prediction is chosen depends on
its probability and on chance, on nothing else. So among predictions of about one probability, those that are
labelled are like those that are not, and no probability is left out for ever. Post-stratification by the
probability asks for no more (Holt & Smith 1979, JRSS A 142): with it functions/monitor estimates what labels
of all would show, and nobody has to know with which chance each was chosen.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Literal

from functions.core.base.records import Record
from functions.core.predictions.records import PredictionRecord

Reason = Literal["uncertain", "random"]


class Choice(Record):
    """A prediction, and why it was chosen."""

    record: PredictionRecord
    chosen: Reason


def choose(
    records: Iterable[PredictionRecord], size: int, start: int = 0, *, share: float, salt: str = ""
) -> list[Choice]:
    """Choose up to `size` of `records`, in the order in which they are to be labelled.

    start: how many were chosen before, so that the share also holds where they are asked for one by one.
    share: of the places, 0 to 1, that are drawn at random. salt: with another, others are drawn.
    """
    by_uncertainty = sorted(records, key=lambda record: (abs(record.probability - 0.5), record.prediction_id))
    size = min(size, len(by_uncertainty))
    at_random = [_is_random(start + place, share) for place in range(size)]
    drawn = sum(at_random)
    most_uncertain, others = by_uncertainty[: size - drawn], by_uncertainty[size - drawn :]
    uncertain, random = iter(most_uncertain), iter(_shuffled(others, salt))
    return [
        Choice(record=next(random), chosen="random")
        if is_random
        else Choice(record=next(uncertain), chosen="uncertain")
        for is_random in at_random
    ]


def _is_random(place: int, share: float) -> bool:
    """Whether a place, counted from 0, is drawn at random: of any first n, floor(share · n) are."""
    return math.floor((place + 1) * share) > math.floor(place * share)


def _shuffled(records: Sequence[PredictionRecord], salt: str) -> list[PredictionRecord]:
    """In an order that is random, and the same each time."""
    return sorted(
        records,
        key=lambda record: hashlib.blake2b(f"{salt}{record.prediction_id}".encode(), digest_size=8).digest(),
    )
