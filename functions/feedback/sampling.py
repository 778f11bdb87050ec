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
from collections.abc import Collection
from heapq import nsmallest
from typing import Literal, Protocol, TypeVar

Reason = Literal["uncertain", "random"]


class Ranked(Protocol):
    """What a probability was answered for."""

    @property
    def prediction_id(self) -> str: ...

    @property
    def probability(self) -> float: ...


T = TypeVar("T", bound=Ranked)


def choose(
    predictions: Collection[T], size: int, start: int = 0, *, share: float, salt: str = ""
) -> list[tuple[T, Reason]]:
    """Choose up to `size` of `predictions`, in the order in which they are to be labelled, and why each.

    start: how many were chosen before, so that the share also holds where they are asked for one by one.
    share: of the places, 0 to 1, that are drawn at random. salt: with another, others are drawn.
    """
    size = min(size, len(predictions))
    at_random = [_is_random(start + place, share) for place in range(size)]
    drawn = sum(at_random)
    most_uncertain = nsmallest(
        size - drawn,
        predictions,
        key=lambda prediction: (abs(prediction.probability - 0.5), prediction.prediction_id),
    )
    uncertain, random = iter(most_uncertain), iter(_drawn(predictions, most_uncertain, drawn, salt))
    return [
        (next(random), "random") if is_random else (next(uncertain), "uncertain") for is_random in at_random
    ]


def _is_random(place: int, share: float) -> bool:
    """Whether a place, counted from 0, is drawn at random: of any first n, floor(share · n) are."""
    return math.floor((place + 1) * share) > math.floor(place * share)


def _drawn(predictions: Collection[T], others: Collection[T], size: int, salt: str) -> list[T]:
    """So many that are not among the `others`, in an order that is random, and the same each time."""
    if not size:
        return []
    taken = {prediction.prediction_id for prediction in others}
    return nsmallest(
        size,
        (prediction for prediction in predictions if prediction.prediction_id not in taken),
        key=lambda prediction: hashlib.blake2b(
            f"{salt}{prediction.prediction_id}".encode(), digest_size=8
        ).digest(),
    )
